import { constants } from 'node:os'

/**
 * Signals within this time count as one, in milliseconds: Ctrl-C sends SIGINT to the child of npm, and npm
 * forwards its own SIGINT to the same child.
 */
const ECHO = 200

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP (the terminal is closed). A second one ends the
 * process at once.
 */
export function onStopSignal(stop: () => void): void {
  let firstAt: number | undefined
  const receive = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      stop()
    } else if (performance.now() - firstAt > ECHO) {
      // The gateway stops its scripts on 'exit'. The exit code is 128 plus the signal, as in shells.
      process.exit(128 + constants.signals[signal])
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, receive)
}
