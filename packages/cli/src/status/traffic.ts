import type { RequestRecord } from '../journal/request-record.js'
import { outcomeOf } from './outcome.js'

/** The requests of a few seconds. */
export interface TrafficSlot {
  readonly requests: number
  /** Of them, those that have failed. */
  readonly failed: number
  /** The middle one of the times from a request to its script's header; undefined where there is none. */
  readonly medianHeaderTime: number | undefined
  readonly longestHeaderTime: number | undefined
}

/** How long a slot is, in milliseconds. */
export const SLOT_LENGTH = 5_000
/** How many slots there are: five minutes. */
export const SLOT_COUNT = 60
/** How many times of a slot are kept for their median. */
const MOST_TIMES = 500

interface OpenSlot {
  requests: number
  failed: number
  longest: number
  readonly times: number[]
}

/** How many requests there were in the last minutes, and how soon scripts answered. */
export class Traffic {
  readonly #slots = new Map<number, OpenSlot>()

  /** Takes a request that has come. */
  add({ startTime }: RequestRecord): void {
    this.#slotAt(startTime).requests += 1
  }

  /** Takes what has become of it. */
  finish(record: RequestRecord): void {
    const { startTime, headerTime, isScript } = record
    if (outcomeOf(record) === 'failed') this.#slotAt(startTime).failed += 1
    if (headerTime === undefined || !isScript) return
    const slot = this.#slotAt(startTime + headerTime)
    slot.longest = Math.max(slot.longest, headerTime)
    if (slot.times.length < MOST_TIMES) slot.times.push(headerTime)
  }

  /** The slots up to this time, the oldest first. */
  slots(now: number): TrafficSlot[] {
    const last = slotNumber(now)
    for (const number of this.#slots.keys()) {
      if (number <= last - SLOT_COUNT) this.#slots.delete(number)
    }
    return Array.from({ length: SLOT_COUNT }, (_, index) => {
      const slot = this.#slots.get(last - SLOT_COUNT + 1 + index)
      return slot === undefined ? EMPTY : summarize(slot)
    })
  }

  #slotAt(time: number): OpenSlot {
    const number = slotNumber(time)
    const slot = this.#slots.get(number) ?? { requests: 0, failed: 0, longest: 0, times: [] }
    this.#slots.set(number, slot)
    // Nobody may look for days.
    if (this.#slots.size > 2 * SLOT_COUNT) this.slots(time)
    return slot
  }
}

const EMPTY: TrafficSlot = {
  requests: 0,
  failed: 0,
  medianHeaderTime: undefined,
  longestHeaderTime: undefined,
}

/** The slot that a time is in, counted from 1970. */
function slotNumber(time: number): number {
  return Math.floor(time / SLOT_LENGTH)
}

function summarize({ requests, failed, longest, times }: OpenSlot): TrafficSlot {
  if (times.length === 0) return { ...EMPTY, requests, failed }
  const sorted = times.toSorted((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)]
  return { requests, failed, medianHeaderTime: median, longestHeaderTime: longest }
}
