import { constants } from 'node:os'
import type { ScriptExit } from '../transport/transport.js'

/** Of names for the same signal, the first one holds, as in Node's `child_process`: SIGABRT, then SIGIOT. */
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
)

/** Decodes the status of waitpid(2) for a process that has ended; the same on Linux and macOS. */
export function readWaitStatus(status: number): ScriptExit {
  const signal = status & 0x7f
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null }
  return { exitCode: null, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` }
}
