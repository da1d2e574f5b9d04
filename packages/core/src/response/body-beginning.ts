import { withTimeout } from '../data/with-timeout.js'
import type { ScriptRun } from '../run/run.js'

/** More than this is sent as it comes, in bytes: one pipe full. */
const LARGEST = 64 * 1024

/**
 * How long the news of how the script ended may come after the end of its output, in milliseconds. One
 * that has closed its output and goes on is not to keep its client waiting.
 */
const EXIT_GRACE = 20

/** What of a response body has come together with its header. */
export interface BodyBeginning {
  readonly bytes: Buffer
  /** Whether that is all of it, and its end is a good one. */
  readonly isWhole: boolean
}

/**
 * Takes what of a response body is there already. What a script has written and ended before we come to
 * read it is its whole answer, and can be sent at once; whoever sends it tells its length. Nobody waits for
 * that: it is looked for once around the event loop.
 *
 * @param first - the bytes that came together with the header.
 * @param contentLength - the script's Content-Length; undefined where it promised none.
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
  let tell: () => void = () => {}
  run.consume(0, 'CGI_ERR_BODY_TIMEOUT', {
    data(chunk) {
      chunks.push(chunk)
      size += chunk.length
      if (size > LARGEST) run.pause()
    },
    end: (exit) => {
      isGood = !exit?.signal
      tell()
    },
    fail: () => {
      isGood = false
      tell()
    },
  })
  run.resume()
  if (isGood === undefined) await new Promise(setImmediate)
  if (!run.isOutputOver) {
    run.pause()
  } else if (isGood === undefined) {
    // There is no more output; only the news of how the script ended is still to come.
    const news = new Promise<void>((resolve) => {
      tell = resolve
    })
    await withTimeout(news, EXIT_GRACE)
  }
  const isWhole = isGood === true && (contentLength ?? size) <= size
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks, size)
  return { bytes: isWhole ? bytes.subarray(0, contentLength) : bytes, isWhole }
}
