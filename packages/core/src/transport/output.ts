import type { Readable } from 'node:stream'

/** Whoever reads an output. It hears `end` or `error`, once, and nothing after it. */
export interface OutputReader {
  /** The next bytes. */
  data(chunk: Buffer): void
  /** There is no more. */
  end(): void
  /** It cannot be read any more. */
  error(error: Error): void
}

/**
 * What a script writes, as it comes. A stream of Node's does the same and much more, which costs more than
 * all the reading of a small answer; {@link toOutput} makes an output of one.
 */
export interface Output {
  /** Whether the reader is not to be told of anything now. */
  readonly isPaused: boolean
  /** Whether the reader has been told of its end, or it was destroyed. */
  readonly isOver: boolean
  /** Says who reads it, once, before anything else; it is paused then. */
  readBy(reader: OutputReader): void
  /** Tells nothing from now on; the script has to wait, sooner or later. */
  pause(): void
  /** Goes on. What is there already may be told before this returns. */
  resume(): void
  /** Lets go of it: the reader hears nothing more. */
  destroy(): void
}

/** Makes an output of a stream. A stream that is closed before its end has failed. */
export function toOutput(stream: Readable): Output {
  let reader: OutputReader | undefined
  let failure: Error | undefined
  let isOver = false
  const fail = (error: Error): void => {
    failure ??= error
    if (isOver || reader === undefined) return
    isOver = true
    reader.error(failure)
  }
  // From now on: without a listener, an error that comes before the reader would end the process.
  stream.on('error', fail)
  return {
    get isPaused() {
      return stream.isPaused()
    },
    get isOver() {
      return isOver || stream.readableEnded || stream.destroyed
    },
    readBy(next) {
      reader = next
      stream.pause()
      stream
        .on('data', (chunk: Buffer) => next.data(chunk))
        .once('end', () => {
          isOver = true
          next.end()
        })
        .once('close', () => fail(new Error('the stream was closed before its end')))
      if (failure !== undefined || stream.destroyed) {
        setImmediate(fail, failure ?? new Error('the stream was closed before its end'))
      }
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy() {
      isOver = true
      stream.destroy()
    },
  }
}
