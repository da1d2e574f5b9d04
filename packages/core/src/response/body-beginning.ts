import { EXIT_AFTER_SMALL_ANSWER } from '../data/grace-periods.js'
import { withTimeout } from '../data/with-timeout.js'
import type { ScriptRun } from '../run/run.js'

/** The most bytes that are read here: the capacity of a pipe. A larger body is streamed. */
const LARGEST = 64 * 1024

/** The part of a response body that came with its header. */
export interface BodyBeginning {
  readonly bytes: Buffer
  /** Whether this is the whole body, and no signal ended the script. */
  readonly isWhole: boolean
}

/**
 * Reads the part of a response body that is in the pipe already. A short script has often ended by now, and its
 * whole body can be sent at once, with a Content-Length. Takes one turn of the event loop.
 *
 * @param first - the bytes that came with the header.
 * @param contentLength - the script's Content-Length; undefined without one.
 */
export async function readBeginning(
  run: ScriptRun,
  first: Buffer,
  contentLength: number | undefined,
): Promise<BodyBeginning> {
  if (contentLength !== undefined && first.length >= contentLength) {
    run.discard()
    return { bytes: first.subarray(0, contentLength), isWhole: true }
  }
  const chunks = [first]
  let size = first.length
  let isGood: boolean | undefined
  let notify: () => void = () => {}
  run.consume(0, 'CGI_ERR_BODY_TIMEOUT', {
    data(chunk) {
      chunks.push(chunk)
      size += chunk.length
      if (size > LARGEST) run.pause()
    },
    end: (exit) => {
      isGood = !exit?.signal
      notify()
    },
    fail: () => {
      isGood = false
      notify()
    },
  })
  run.resume()
  if (isGood === undefined) await new Promise(setImmediate)
  if (!run.isOutputOver) {
    run.pause()
  } else if (isGood === undefined) {
    // The output has ended; the exit is not known yet.
    const end = new Promise<void>((resolve) => {
      notify = resolve
    })
    await withTimeout(end, EXIT_AFTER_SMALL_ANSWER)
  }
  const isWhole = isGood === true && (contentLength ?? size) <= size
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks, size)
  return { bytes: isWhole ? bytes.subarray(0, contentLength) : bytes, isWhole }
}
