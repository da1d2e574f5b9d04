import type { RequestRecord } from '../journal/request-record.js'
import { outcomeOf } from './outcome.js'

/** The requests of one slot of a few seconds. */
export interface TrafficSlot {
  readonly requests: number
  /** Requests that failed. */
  readonly failed: number
  /** Median time to a script's header, in milliseconds; undefined without a script. */
  readonly medianHeaderTime: number | undefined
  readonly longestHeaderTime: number | undefined
}

/** Length of a slot, in milliseconds. */
export const SLOT_LENGTH = 5_000
/** Number of slots: five minutes. */
export const SLOT_COUNT = 60
/** The most times that a slot keeps for its median. */
const MOST_TIMES = 500

interface OpenSlot {
  requests: number
  failed: number
  longest: number
  readonly times: number[]
}

/** The requests of the last minutes, and the times to the header of scripts. */
export class Traffic {
  readonly #slots = new Map<number, OpenSlot>()

  /** Counts a request that has arrived. */
  add({ startTime }: RequestRecord): void {
    this.#slotAt(startTime).requests += 1
  }

  /** Counts its result. */
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
    // The page may not be read for days.
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

/** Number of the slot that contains a time, from 1970. */
function slotNumber(time: number): number {
  return Math.floor(time / SLOT_LENGTH)
}

function summarize({ requests, failed, longest, times }: OpenSlot): TrafficSlot {
  if (times.length === 0) return { ...EMPTY, requests, failed }
  const sorted = times.toSorted((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)]
  return { requests, failed, medianHeaderTime: median, longestHeaderTime: longest }
}
