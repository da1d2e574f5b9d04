import { toReadableText } from '../data/byte-string.js'
import type { CgiError } from '../data/cgi-error.js'
import { waitFor } from '../data/with-timeout.js'

/** How much is kept of it, in bytes. */
const TAIL_SIZE = 4 * 1024
/** How long the end of standard error may come after the failure, in milliseconds. */
const END_GRACE = 250
const LF = 0x0a

/** The end of what one script writes to its standard error, kept for whoever mends the script. */
export class StandardErrorTail {
  #bytes = Buffer.alloc(0)
  #isCut = false
  #end: () => void = () => {}
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve
  })

  /** Takes the next bytes. */
  write(chunk: Buffer): void {
    const all = Buffer.concat([this.#bytes, chunk.subarray(-TAIL_SIZE)])
    this.#isCut ||= this.#bytes.length + chunk.length > TAIL_SIZE
    // A copy: a slice would keep all that it is a slice of alive.
    this.#bytes = Buffer.from(all.subarray(-TAIL_SIZE))
  }

  /** Says that nothing more will come. */
  end(): void {
    this.#end()
  }

  /**
   * Adds it to the failure of its script. The failure is often seen first, as standard error comes on a
   * way of its own: its end is waited for, but not for long, since a background child may keep it open.
   */
  async addTo(error: CgiError): Promise<void> {
    if (error.code === 'CGI_ERR_CLIENT_GONE') return
    await waitFor(this.#ended, END_GRACE)
    error.add({ standardError: this.#toText() })
  }

  /** In whole lines, as far as there are any; each line is decoded by itself. */
  #toText(): string {
    // A line that is longer than all of the tail has no beginning here.
    const start = this.#isCut ? this.#bytes.indexOf(LF) + 1 : 0
    const lines = this.#bytes.toString('latin1', start).split('\n')
    return lines.map(toReadableText).join('\n')
  }
}
