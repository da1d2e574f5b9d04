import type { Writable } from 'node:stream'
import { isReceived } from '../body/content.js'
import { type BodyObserver, isStalled, sendToScript } from '../body/input.js'
import type { RequestBody } from '../transport/transport.js'

/** The request body on its way from the client to a script. */
export class RunInput {
  /** Resolves when the script takes no more of it. */
  readonly end: Promise<void>
  readonly #content: RequestBody['content']
  #hasEnded = false

  constructor(
    content: RequestBody['content'],
    stdin: Writable | null,
    bodyLimit: number,
    observer: BodyObserver,
  ) {
    this.#content = content
    this.end = sendToScript(content, stdin, bodyLimit, observer)
    void this.end.then(() => {
      this.#hasEnded = true
    })
  }

  /** Whether the client sends no more. */
  get isReceived(): boolean {
    return isReceived(this.#content)
  }

  /** Whether the client sends no more and the script takes no more. */
  get isSent(): boolean {
    return this.#hasEnded && this.isReceived
  }

  /** Whether the script waits for the client. */
  get isStalled(): boolean {
    return isStalled(this.#content)
  }
}
