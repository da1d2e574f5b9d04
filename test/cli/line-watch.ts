/** Text that grows, and waits for lines in it. */
export class LineWatch {
  text = ''
  /** No more text comes. */
  hasEnded = false

  readonly #watchers = new Set<() => void>()

  write(text: string): void {
    this.text += text
    this.#look()
  }

  end(): void {
    this.hasEnded = true
    this.#look()
  }

  /** Resolves with the first line, past or future, that matches. */
  find(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const lines = this.text.split('\n').slice(0, -1)
        const line = lines.find((candidate) => pattern.test(candidate))
        if (line === undefined && !this.hasEnded) return
        this.#watchers.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`ended without ${pattern.source}: ${this.text}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  #look(): void {
    for (const look of this.#watchers) look()
  }
}
