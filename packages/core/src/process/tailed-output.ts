import type { Output } from '../transport/output.js'

/** How much of the end is kept, in bytes. */
const SIZE = 1024

/** An output that also keeps the end of all that has been read of it. */
export class TailedOutput implements Output {
  /** One character for each byte. */
  tail = ''
  /** Resolves when the output has ended. */
  readonly end: Promise<void>
  readonly #output: Output
  #resolveEnd: () => void = () => {}

  constructor(output: Output) {
    this.#output = output
    this.end = new Promise((resolve) => {
      this.#resolveEnd = resolve
    })
  }

  get isPaused(): boolean {
    return this.#output.isPaused
  }

  get isOver(): boolean {
    return this.#output.isOver
  }

  readBy(reader: Parameters<Output['readBy']>[0]): void {
    this.#output.readBy({
      data: (chunk) => {
        const start = Math.max(0, chunk.length - SIZE)
        this.tail = (this.tail + chunk.toString('latin1', start)).slice(-SIZE)
        reader.data(chunk)
      },
      end: () => {
        this.#resolveEnd()
        reader.end()
      },
      error: (error) => {
        this.#resolveEnd()
        reader.error(error)
      },
    })
  }

  pause(): void {
    this.#output.pause()
  }

  resume(): void {
    this.#output.resume()
  }

  destroy(): void {
    this.#resolveEnd()
    this.#output.destroy()
  }
}
