import type { Kind } from './kind.js'
import type { Outcome } from './outcome.js'

/** Something that should not have come. */
interface Fault {
  readonly kind: string
  readonly token: string
  readonly message: string
}

/** What has come of the requests of each kind. */
export class Tally {
  readonly faults: Fault[] = []
  readonly #counts = new Map<string, Map<string, number>>()

  count(kind: Kind, outcome: Outcome | 'wrong', isRelaxed = false): void {
    const outcomes = this.#counts.get(kind.name) ?? new Map<string, number>()
    this.#counts.set(kind.name, outcomes)
    // Failures that the end of an application causes are counted apart.
    const name = isRelaxed ? `${outcome} (closing)` : outcome
    outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
  }

  fail(kind: Kind, token: string, message: string): void {
    this.count(kind, 'wrong')
    this.faults.push({ kind: kind.name, token, message })
  }

  /** A line for each kind: its name, how many requests, and what has come of them. */
  toString(): string {
    const rows = [...this.#counts].map(([name, outcomes]): [string, number, string] => [
      name,
      [...outcomes.values()].reduce((sum, each) => sum + each, 0),
      [...outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join(', '),
    ])
    return rows
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([name, count, outcomes]) => `${name.padEnd(48)}${`${count}`.padStart(7)}  ${outcomes}`)
      .join('\n')
  }
}
