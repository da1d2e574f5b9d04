import { availableParallelism } from 'node:os'
import path from 'node:path'
import { findProgram, type RunningProgram, startProgram } from '../servers/program.js'
import type { Site } from '../servers/site.js'

export const PHP = '/usr/bin/php-cgi'

/** As many as a gateway starts by itself. */
export const PROCESSES = 2 * availableParallelism()

export function missingPhp(): string | undefined {
  return findProgram(PHP) === undefined ? 'php-cgi' : undefined
}

/** PHP processes that answer FastCGI at a Unix socket, the same for every server. */
export class PhpPool {
  readonly #folder: string
  #running: Promise<RunningProgram> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Starts it if it does not run. @returns the path of its socket. */
  async start(): Promise<string> {
    const socket = path.join(this.#folder, 'php.sock')
    const site: Pick<Site, 'folder'> = { folder: this.#folder }
    this.#running ??= startProgram(PHP, ['-b', socket], {
      address: { path: socket },
      site,
      // Each process ends after 500 requests by default.
      env: { PHP_FCGI_CHILDREN: String(PROCESSES), PHP_FCGI_MAX_REQUESTS: '0' },
    })
    await this.#running
    return socket
  }

  async close(): Promise<void> {
    await (await this.#running)?.close()
  }
}
