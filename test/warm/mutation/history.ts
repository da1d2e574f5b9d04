/** The states of one thing that changes, such as a file, in their order. */
export class History {
  readonly #states: string[]

  constructor(first: string) {
    this.#states = [first]
  }

  /** The number of the state that holds now. */
  get now(): number {
    return this.#states.length - 1
  }

  get current(): string {
    return this.#states.at(-1) ?? ''
  }

  add(state: string): void {
    this.#states.push(state)
  }

  /** Whether a state held at any time since that number. */
  held(state: string, since: number): boolean {
    return this.#states.slice(since).includes(state)
  }
}
