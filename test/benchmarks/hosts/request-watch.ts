import type { Server, ServerResponse } from 'node:http'
import { LoopWatch } from './loop-watch.js'

/** What each request to a server keeps its event loop busy for, one request after another. */
export class RequestWatch {
  readonly #server: Server
  readonly #loop = new LoopWatch()
  readonly #stretches: Promise<number>[] = []

  constructor(server: Server) {
    this.#server = server
    server.on('request', this.#begin)
  }

  /** @returns one for each request, in milliseconds. */
  async end(): Promise<readonly number[]> {
    this.#server.off('request', this.#begin)
    const stretches = await Promise.all(this.#stretches)
    this.#loop.close()
    return stretches
  }

  readonly #begin = (_request: unknown, response: ServerResponse): void => {
    this.#loop.begin()
    response.once('close', () => this.#stretches.push(this.#loop.finish()))
  }
}
