import { LENT_SIZE, MemoryLender } from '@common-gateway/core/transport'
import type { OnReadOpts } from 'node:net'

/** A read of this size or more leaves its memory to the chunk. */
const LARGE_READ = 32 * 1024

/** For all connections: what was read is passed on or copied before the next read. */
const sharedMemory = Buffer.allocUnsafeSlow(LENT_SIZE)

/**
 * The memory into which a socket reads: one for all sockets. After a large read, the next ones have lent memory, which
 * goes on with the chunk and returns when it has been written to the client, so that large output is not copied.
 */
export class ReadMemory {
  /** Called with what was read. */
  onChunk: (chunk: Buffer) => void = () => {}
  #memory: Buffer = sharedMemory
  #lender: MemoryLender | undefined
  /** Whether the chunk that is being read is all that has its memory. */
  #isLent = false

  readonly onread: OnReadOpts = {
    buffer: () => this.#memory,
    callback: (size) => {
      const chunk = this.#memory.subarray(0, size)
      if (size >= LARGE_READ) {
        this.#isLent = this.#memory !== sharedMemory
        this.#lender ??= new MemoryLender()
        this.#memory = this.#lender.lend()
      }
      this.onChunk(chunk)
      this.#isLent = false
      return true
    },
  }

  /** A part of the chunk that is being read, for longer than until the next read. */
  keep(part: Buffer): Buffer {
    // The memory returns with the first part: any other needs its own.
    if (!this.#isLent) return Buffer.from(part)
    this.#isLent = false
    return part
  }

  /** Returns to the shared memory. A lender serves one answer only: no client may see the memory of another. */
  release(): void {
    this.#lender = undefined
    this.#memory = sharedMemory
  }
}
