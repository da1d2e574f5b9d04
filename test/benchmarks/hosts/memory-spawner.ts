import type { Output, OutputReader, Spawner } from '@common-gateway/core/transport'

const ANSWER = Buffer.from('Content-Type: text/plain\n\nhello\n')

/** An output that has its bytes as soon as it is read. */
class MemoryOutput implements Output {
  #bytes: Buffer | undefined
  #reader: OutputReader | undefined
  #isPaused = true

  constructor(bytes?: Buffer) {
    this.#bytes = bytes
  }

  readBy(reader: OutputReader): void {
    this.#reader = reader
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    const bytes = this.#bytes
    this.#bytes = undefined
    if (bytes !== undefined) this.#reader?.data(Buffer.from(bytes))
    if (this.#isPaused) return
    const reader = this.#reader
    this.#reader = undefined
    reader?.end()
  }

  destroy(): void {
    this.#reader = undefined
  }
}

/** A pid that no process has: the most that Linux gives is 2 ** 22. */
const PID = 2 ** 30

/** Starts nothing: what a request takes with it is not the work of processes. */
export const memorySpawner: Spawner = {
  async spawn() {
    // A process is started by another thread, and ends later.
    await new Promise(setImmediate)
    return {
      pid: PID,
      stdin: null,
      stdout: new MemoryOutput(ANSWER),
      stderr: new MemoryOutput(),
      exit: new Promise((resolve) => setImmediate(resolve, { exitCode: 0, signal: null })),
      signalGroup: () => false,
    }
  },
}
