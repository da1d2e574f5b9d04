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

/** Makes an output of a stream. */
export function toOutput(stream: Readable): Output {
  return {
    get isPaused() {
      return stream.isPaused()
    },
    get isOver() {
      return stream.readableEnded || stream.destroyed
    },
    readBy(reader) {
      stream.pause()
      stream
        .on('data', (chunk: Buffer) => reader.data(chunk))
        .once('end', () => reader.end())
        .on('error', (error) => reader.error(error))
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy: () => void stream.destroy(),
  }
}
