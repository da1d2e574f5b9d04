import type { RequestRecord } from '../journal/request-record.js'
import { outcomeOf } from './outcome.js'
import { type Snapshot, snapshotOf } from './snapshot.js'

/** A request that has ended. */
export interface PastRequest extends Snapshot {
  /** Number of this request among those that have ended, from 1. */
  readonly sequence: number
}

/** Totals of all requests since the start. */
export interface Totals {
  readonly requests: number
  /** Requests that a script answered. */
  readonly runs: number
  readonly failed: number
  /** Requests whose client disconnected before the end. */
  readonly left: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** How many requests of scripts and how many other requests are kept. */
const MOST_RUNS = 200
const MOST_OTHERS = 100

/**
 * The latest requests that have ended, and the totals of all. Scripts and files are kept apart: the images of
 * one page would otherwise displace the traceback of a script.
 */
export class RequestHistory {
  readonly #runs: PastRequest[] = []
  readonly #others: PastRequest[] = []
  readonly #totals = { requests: 0, runs: 0, failed: 0, left: 0, bytesIn: 0, bytesOut: 0 }

  /** The sequence number of the last request. */
  get sequence(): number {
    return this.#totals.requests
  }

  get totals(): Totals {
    return { ...this.#totals }
  }

  /** Adds a request that has ended. */
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

  /** The kept requests after this sequence number, the latest first. */
  after(sequence: number): PastRequest[] {
    return [...this.#runs, ...this.#others]
      .filter((request) => request.sequence > sequence)
      .toSorted((one, other) => other.sequence - one.sequence)
  }
}
