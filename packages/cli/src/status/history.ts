import type { RequestRecord } from '../journal/request-record.js'
import { outcomeOf } from './outcome.js'
import { type Snapshot, snapshotOf } from './snapshot.js'

/** A request that has ended. */
export interface PastRequest extends Snapshot {
  /** Its place among those that have ended, counted from 1. */
  readonly sequence: number
}

/** What all requests since the start have come to. */
export interface Totals {
  readonly requests: number
  /** Of them, those that a script answered. */
  readonly runs: number
  readonly failed: number
  /** Requests whose client did not wait for the end. */
  readonly left: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** How many requests of scripts are kept, and how many others. */
const MOST_RUNS = 200
const MOST_OTHERS = 100

/**
 * The requests that ended last, and totals of all. Files do not push scripts out: a page with its pictures
 * would make an end of the traceback that it was loaded for.
 */
export class RequestHistory {
  readonly #runs: PastRequest[] = []
  readonly #others: PastRequest[] = []
  readonly #totals = { requests: 0, runs: 0, failed: 0, left: 0, bytesIn: 0, bytesOut: 0 }

  /** The last request's place among all. */
  get sequence(): number {
    return this.#totals.requests
  }

  get totals(): Totals {
    return { ...this.#totals }
  }

  /** Takes a request that has ended. */
  add(record: RequestRecord): void {
    const totals = this.#totals
    const outcome = outcomeOf(record)
    totals.requests += 1
    totals.bytesIn += record.bytesIn
    totals.bytesOut += record.bytesOut
    if (record.isScript) totals.runs += 1
    if (outcome !== 'done') totals[outcome] += 1
    const [list, most] = record.isScript ? [this.#runs, MOST_RUNS] : [this.#others, MOST_OTHERS]
    list.push({ ...snapshotOf(record), sequence: totals.requests })
    if (list.length > most) list.shift()
  }

  /** Those of the kept requests that came after this place, the latest first. */
  after(sequence: number): PastRequest[] {
    return [...this.#runs, ...this.#others]
      .filter((each) => each.sequence > sequence)
      .toSorted((one, other) => other.sequence - one.sequence)
  }
}
