import { ArraySet } from '../data/array-set.js'
import { CgiError } from '../data/cgi-error.js'

/** A request before its script starts, or a script that runs. */
export interface OpenRun {
  /** Ends it; only the first failure counts. */
  fail(error: CgiError): void
}

/** Tracks what has to end before a gateway is closed. */
export class OpenRuns {
  readonly #runs = new ArraySet<OpenRun>()
  /** Of failed scripts: their children may outlive them. */
  readonly #terminations = new Set<Promise<void>>()
  #resolveEmpty: (() => void) | undefined

  add(run: OpenRun): void {
    this.#runs.add(run)
  }

  delete(run: OpenRun): void {
    this.#runs.delete(run)
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
      for (const run of this.#runs.members.slice()) run.fail(new CgiError('CGI_ERR_CLOSED'))
    }, closeTimeout)
    await new Promise<void>((resolve) => {
      this.#resolveEmpty = resolve
      this.#checkEmpty()
    })
    clearTimeout(timer)
    await Promise.all(this.#terminations)
  }

  #checkEmpty(): void {
    if (this.#runs.size === 0) this.#resolveEmpty?.()
  }
}
