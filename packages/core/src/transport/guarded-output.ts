import { toError } from '../data/thrown.js'
import { attempt } from './attempt.js'
import type { Output, OutputReader } from './output.js'

/** An output whose failure can also be told from outside. */
export interface GuardedOutput extends Output {
  /** Says that it has failed, unless it is over. */
  fail(error: unknown): void
}

const METHODS = ['readBy', 'pause', 'resume', 'destroy'] as const

/**
 * An output that an application has given, with its faults contained: a method that throws is an error
 * of the output, bytes of another class become Buffers, and nothing is passed on after the end.
 *
 * @throws {TypeError} where it is no output.
 */
export function guardOutput(output: Output): GuardedOutput {
  for (const method of METHODS) {
    if (typeof output?.[method] !== 'function') {
      throw new TypeError('stdout or stderr is no Output: toOutput() makes one of a Readable')
    }
  }
  let isOver = false
  let isPaused = true
  let reader: OutputReader | undefined
  let failure: Error | undefined
  const end = (tell: (reader: OutputReader) => void): void => {
    if (isOver || reader === undefined) return
    isOver = true
    tell(reader)
  }
  // Later: the reader may be in the middle of a call of its own.
  const tellFailure = (error: Error): void => {
    setImmediate(end, (each: OutputReader) => each.error(error))
  }
  const fail = (thrown: unknown): void => {
    failure ??= toError(thrown)
    if (reader !== undefined) tellFailure(failure)
  }
  return {
    get isPaused() {
      return isPaused
    },
    get isOver() {
      return isOver
    },
    fail,
    readBy(next) {
      reader = next
      if (failure !== undefined) tellFailure(failure)
      const guarded: OutputReader = {
        data(chunk) {
          if (isOver || failure !== undefined) return
          // Nobody would hear it: an answer with a gap is worse than none.
          if (isPaused) {
            fail(new TypeError('an output has given data while it was paused'))
            return
          }
          const bytes: unknown = chunk
          if (bytes instanceof Uint8Array) next.data(toBuffer(bytes))
          else fail(new TypeError('an output has given data that are not bytes'))
        },
        end() {
          if (failure === undefined) end((each) => each.end())
        },
        error: (error) => end((each) => each.error(toError(error))),
      }
      attempt(() => output.readBy(guarded), fail)
    },
    pause() {
      isPaused = true
      attempt(() => output.pause(), fail)
    },
    resume() {
      isPaused = false
      attempt(() => output.resume(), fail)
    },
    destroy() {
      isOver = true
      attempt(() => output.destroy(), fail)
    },
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
