import type { Readable } from 'node:stream'

/** The callbacks of a reader. `end` or `error` is called once, and no callback after it. */
export interface OutputReader {
  /** The next bytes. */
  data(chunk: Buffer): void
  /** The output has ended. */
  end(): void
  /** The output has failed. */
  error(error: Error): void
}

/**
 * A stream of bytes that a script writes. For a small answer, a Node.js stream costs more than all the
 * reading; {@link toOutput} makes an output of one.
 */
export interface Output {
  /** Sets the reader. Called once, before the other methods; the output stays paused. */
  readBy(reader: OutputReader): void
  /** Calls no callback until `resume()`. The script blocks when its pipe is full. */
  pause(): void
  /** Starts or continues. May call callbacks before it returns. */
  resume(): void
  /** Closes the output and calls no callback any more. */
  destroy(): void
}

/**
 * Makes an output of a stream of bytes. A stream that is closed before its end fails. Call it when the
 * stream is created: it adds the listener for 'error'.
 */
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
  // Without a listener, an error before readBy() would end the process.
  stream.on('error', fail)
  return {
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
