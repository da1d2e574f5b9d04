import { ByteTail } from '../data/byte-tail.js'
import type { Output } from '../transport/output.js'

/** The size of the tail in bytes. */
const TAIL_SIZE = 1024

/** An output that keeps a tail of the bytes that were read. */
export class TailedOutput implements Output {
  /** Resolves when the output has ended. */
  readonly end: Promise<void>
  readonly #output: Output
  readonly #tail = new ByteTail(TAIL_SIZE)
  #resolveEnd: () => void = () => {}

  constructor(output: Output) {
    this.#output = output
    this.end = new Promise((resolve) => {
      this.#resolveEnd = resolve
    })
  }

  /** One character for each byte. */
  get tail(): string {
    return this.#tail.bytes.toString('latin1')
  }

  readBy(reader: Parameters<Output['readBy']>[0]): void {
    this.#output.readBy({
      data: (chunk) => {
        this.#tail.write(chunk)
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
