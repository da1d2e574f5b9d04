import type { CgiLogger } from '@common-gateway/core/transport'

/**
 * Logs what belongs to no gateway alone, such as the lines of the workers of a pool: by the first of the gateways that
 * use it now.
 */
export class SharedLogger implements CgiLogger {
  readonly #loggers: CgiLogger[] = []

  /** A gateway uses it from now on. */
  add(logger: CgiLogger): void {
    this.#loggers.push(logger)
  }

  /** The gateway uses it no more. */
  remove(logger: CgiLogger): void {
    const index = this.#loggers.indexOf(logger)
    if (index !== -1) this.#loggers.splice(index, 1)
  }

  warn(facts: object, message: string): void {
    this.#loggers[0]?.warn(facts, message)
  }

  error(facts: object, message: string): void {
    this.#loggers[0]?.error(facts, message)
  }
}
