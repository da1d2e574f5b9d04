import { Socket } from 'node:net'

type WriteCallback = (error?: Error | null) => void

/**
 * A socket that goes on reading after a write has failed. An application may answer and close the connection before it
 * has read the whole body: the next write fails then (`EPIPE`), and Node.js would discard the answer with the socket.
 * The data of a failed write, and all data after it, are discarded; the end of the connection follows on the side
 * that reads.
 */
export class ApplicationSocket extends Socket {
  /** The first failure of a write. */
  writeError: Error | undefined
  /** Whether the system has taken a byte since this was set to `false`. */
  hasSent = false
  #callback: WriteCallback | undefined
  #isWriting = false
  readonly #onWritten = (error?: Error | null): void => {
    const callback = this.#callback
    this.#callback = undefined
    // A failure that is reported by the write call itself: nothing of its data has been taken.
    if (error == null || !this.#isWriting) this.hasSent = true
    if (error != null) this.writeError ??= error
    callback?.()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.writeError !== undefined) return callback()
    this.#callback = callback
    this.#isWriting = true
    super._write(chunk, encoding, this.#onWritten)
    this.#isWriting = false
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    if (this.writeError !== undefined) return callback()
    this.#callback = callback
    this.#isWriting = true
    // `Socket` has it; only the type of a Duplex leaves it out for some streams.
    super._writev?.(chunks, this.#onWritten)
    this.#isWriting = false
  }
}
