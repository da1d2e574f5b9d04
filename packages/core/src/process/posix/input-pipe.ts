import { Socket } from 'node:net'
import { freeChunk } from '../../data/chunk-memory.js'

type WriteCallback = (error?: Error | null) => void

/** The writing end of a standard input. It frees the memory of a large body as it is written. */
export class InputPipe extends Socket {
  override _write(chunk: Buffer, encoding: BufferEncoding, callback: WriteCallback): void {
    super._write(chunk, encoding, (error) => {
      if (error == null) freeChunk(chunk)
      callback(error)
    })
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    // `Socket` puts something else in the places of the array.
    const written = chunks.map(({ chunk }) => chunk)
    // `Socket` has it; only the type of a Duplex leaves it out for some streams.
    super._writev?.(chunks, (error) => {
      if (error == null) written.forEach(freeChunk)
      callback(error)
    })
  }
}
