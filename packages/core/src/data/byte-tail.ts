/** Keeps the last bytes of a stream. */
export class ByteTail {
  readonly #size: number
  #bytes = Buffer.alloc(0)
  #isCut = false

  /** @param size - the most that is kept, in bytes. */
  constructor(size: number) {
    this.#size = size
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  /** Whether there were more bytes before these. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** Appends the next bytes. */
  write(chunk: Buffer): void {
    const size = this.#size
    this.#isCut ||= this.#bytes.length + chunk.length > size
    // `Buffer.concat` copies: a slice would keep the whole chunk alive, whose memory may also be lent.
    const kept = this.#bytes.subarray(Math.max(0, this.#bytes.length + chunk.length - size))
    this.#bytes = Buffer.concat([kept, chunk.subarray(-size)])
  }
}
