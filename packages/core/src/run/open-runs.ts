import { CgiError } from '../data/cgi-error.js'

/** A request before its script starts, or a script that runs. */
export interface OpenRun {
  /** Ends it; only the first failure counts. */
  fail(error: CgiError): void
}

/** Tracks what has to end before a gateway is closed. */
export class OpenRuns {
  /** An array: V8 keeps the table that a Set has replaced, and all its entries, until a full collection. */
  readonly #runs: OpenRun[] = []
  /** Of failed scripts: their children may outlive them. */
  readonly #terminations = new Set<Promise<void>>()
  #resolveEmpty: (() => void) | undefined

  add(run: OpenRun): void {
    this.#runs.push(run)
  }

  delete(run: OpenRun): void {
    const index = this.#runs.indexOf(run)
    if (index !== -1) this.#runs.splice(index, 1)
    this.#checkEmpty()
  }

  /** Makes `close()` wait for a termination. */
  addTermination(termination: Promise<void>): void {
    this.#terminations.add(termination)
    void termination.then(() => this.#terminations.delete(termination))
  }

  /** Fails all runs after `closeTimeout` milliseconds. Resolves when none is left. */
  async close(closeTimeout: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const run of this.#runs.slice()) run.fail(new CgiError('CGI_ERR_CLOSED'))
    }, closeTimeout)
    await new Promise<void>((resolve) => {
      this.#resolveEmpty = resolve
      this.#checkEmpty()
    })
    clearTimeout(timer)
    await Promise.all(this.#terminations)
  }

  #checkEmpty(): void {
    if (this.#runs.length === 0) this.#resolveEmpty?.()
  }
}
