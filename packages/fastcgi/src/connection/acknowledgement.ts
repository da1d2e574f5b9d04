import { unacknowledgedBytes } from '@common-gateway/core/transport'
import type { Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

/** How many looks follow each other without a timer: an application that is idle reads within microseconds. */
const TURNS = 20
/** The longest time between two looks, in milliseconds: no event reports it. */
const LONGEST_DELAY = 16

/** When the wait ends without it. */
export interface AcknowledgementLimits {
  /** By `performance.now()`. */
  readonly deadline: number
  /** Whether nothing waits for it any more. */
  readonly isOver: () => boolean
}

/**
 * Waits until the peer has taken all that was written: TCP has acknowledged it, or the process at the other end of a
 * Unix socket has read it. `true` at once where the system does not report that.
 *
 * @returns whether the peer has taken it.
 */
export async function untilAcknowledged(
  socket: Socket,
  { deadline, isOver }: AcknowledgementLimits,
): Promise<boolean> {
  for (let looks = 0; !isOver(); looks += 1) {
    if ((unacknowledgedBytes(socket) ?? 0) === 0) return true
    if (performance.now() >= deadline) return false
    if (looks < TURNS) await nextTurn()
    else await delay(Math.min(2 ** (looks - TURNS), LONGEST_DELAY))
  }
  return false
}
