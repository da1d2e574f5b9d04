import { constants } from 'node:os'

/**
 * How close together two signals are one, in milliseconds: npm passes on to its child what the
 * terminal's Ctrl-C has told that child already.
 */
const ECHO = 200

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, which says that the terminal is closed; a second one
 * ends the process there and then.
 */
export function onStopSignal(stop: () => void): void {
  let firstAt: number | undefined
  const receive = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      stop()
    } else if (performance.now() - firstAt > ECHO) {
      // The gateway stops its scripts when the process exits. The code is a shell's for the signal.
      process.exit(128 + constants.signals[signal])
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, receive)
}
