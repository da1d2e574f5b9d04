import { LENT_SIZE, MemoryLender } from '../../data/lent-memory.js'

/** Chunks of at least this size are passed on without copying. */
const LARGE_CHUNK = LENT_SIZE / 4

/** Shared by all outputs: a chunk is copied out of it before anything else is read. */
export const sharedBuffer: Buffer = Buffer.allocUnsafeSlow(LENT_SIZE)

/** The buffer into which libuv reads one output: the shared one, or lent memory while chunks are large. */
export class ReadBuffer {
  current: Buffer = sharedBuffer
  #lender: MemoryLender | undefined

  /** Returns what was read, and chooses the buffer for the next read. */
  take(size: number): Buffer {
    const { current } = this
    const chunk = current.subarray(0, size)
    const isLarge = size >= LARGE_CHUNK
    if (isLarge) {
      this.#lender ??= new MemoryLender()
      this.current = this.#lender.lend()
    }
    if (isLarge && current !== sharedBuffer) return chunk
    const copy = Buffer.from(chunk)
    if (!isLarge) this.release()
    return copy
  }

  /** Gives lent memory back that holds nothing. */
  release(): void {
    this.#lender?.takeBack(this.current)
    this.current = sharedBuffer
  }
}
