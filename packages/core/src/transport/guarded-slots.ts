import { CgiError } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { attempt, synchronous } from './attempt.js'
import { guardSignal } from './guarded-signal.js'
import type { Release, Slots } from './slots.js'

/** Contains the faults of slots that the application has given: a method that throws or rejects is a CgiError. */
export function guardSlots(slots: Slots): Slots {
  return {
    get free() {
      try {
        const free: unknown = slots.free
        return typeof free === 'number' && free > 0 ? free : 0
      } catch {
        return 0
      }
    },
    take() {
      try {
        const release: unknown = synchronous(slots.take())
        return release === undefined ? undefined : toRelease(release)
      } catch (cause) {
        throw toCgiError(cause)
      }
    },
    async wait(signal) {
      try {
        return toRelease(await slots.wait(guardSignal(signal)))
      } catch (cause) {
        throw toCgiError(cause)
      }
    },
  }
}

/** @throws {TypeError} for anything but a function. */
function toRelease(given: unknown): Release {
  if (typeof given !== 'function') throw new TypeError('a slot is not a function')
  return () =>
    attempt(
      () => given(),
      () => {},
    )
}

function toCgiError(cause: unknown): CgiError {
  if (cause instanceof CgiError) return cause
  const reason = `the slots of the transport: ${describeThrown(cause)}`
  return new CgiError('CGI_ERR_SPAWN', { reason, cause })
}
