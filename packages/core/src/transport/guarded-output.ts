import { toError } from '../data/thrown.js'
import { attempt } from './attempt.js'
import type { Output, OutputReader } from './output.js'

/** An output that can also be made to fail. */
export interface GuardedOutput extends Output {
  /** Ends it with an error, unless it is over. */
  fail(error: unknown): void
}

const METHODS = ['readBy', 'pause', 'resume', 'destroy'] as const

/**
 * Contains the faults of an output of the application: a method that throws is an error of the output, bytes
 * of another class become Buffers, and no callback follows the end.
 *
 * @throws {TypeError} for a value that is not an output.
 */
export function guardOutput(output: Output): GuardedOutput {
  for (const method of METHODS) {
    if (typeof output?.[method] !== 'function') {
      throw new TypeError('stdout or stderr is not an Output: toOutput() makes one of a Readable')
    }
  }
  let isOver = false
  let isPaused = true
  let reader: OutputReader | undefined
  let failure: Error | undefined
  const end = (notify: (reader: OutputReader) => void): void => {
    if (isOver || reader === undefined) return
    isOver = true
    notify(reader)
  }
  // Deferred, since a method of the reader may be running.
  const passFailure = (error: Error): void => {
    setImmediate(end, (current: OutputReader) => current.error(error))
  }
  const fail = (thrown: unknown): void => {
    failure ??= toError(thrown)
    if (reader !== undefined) passFailure(failure)
  }
  return {
    fail,
    readBy(next) {
      reader = next
      if (failure !== undefined) passFailure(failure)
      const guarded: OutputReader = {
        data(chunk) {
          if (isOver || failure !== undefined) return
          // The chunk would be lost: an answer with a gap is worse than none.
          if (isPaused) {
            fail(new TypeError('an output has given data while it was paused'))
            return
          }
          const bytes: unknown = chunk
          if (bytes instanceof Uint8Array) next.data(toBuffer(bytes))
          else fail(new TypeError('an output has given data that are not bytes'))
        },
        end() {
          if (failure === undefined) end((current) => current.end())
        },
        error: (error) => end((current) => current.error(toError(error))),
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
