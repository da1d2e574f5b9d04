/** Limits of the lines that are kept. */
const MOST_LINES = 500
const MOST_CHARACTERS = 64 * 1024

/** The last lines of standard error, within limits. */
export class StandardErrorLines {
  readonly #lines: string[] = []
  #characters = 0
  #droppedBytes = 0

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Bytes of the earlier lines that are not kept. */
  get droppedBytes(): number {
    return this.#droppedBytes
  }

  add(line: string): void {
    this.#lines.push(line)
    this.#characters += line.length
    while (this.#lines.length > MOST_LINES || this.#characters > MOST_CHARACTERS) {
      const dropped = this.#lines.shift() ?? ''
      this.#characters -= dropped.length
      this.#droppedBytes += Buffer.byteLength(dropped)
    }
  }
}
