import type { Output } from '../transport/output.js'

/** The most that a script can have left in its pipe: Linux's largest for other users than root. */
const PIPE_SIZE = 1024 * 1024

/** Output of a script that has ended. */
export interface LingeringOutput {
  readonly stdout: Output
  /** How many bytes have come of it. */
  readonly bytesOut: () => number
}

/**
 * Ends the output of a script that has itself ended, though a background child may hold it open. What
 * waits for a slow client is still the script's own; while output is read as it comes, it may go on for
 * `lingerTimeout`, in milliseconds.
 *
 * @returns the timer, to be cleared when the output is over.
 */
export function endLingering(
  { stdout, bytesOut }: LingeringOutput,
  lingerTimeout: number,
  end: () => void,
): NodeJS.Timeout {
  const atExit = bytesOut()
  const timer = setTimeout(() => {
    if (stdout.isPaused) {
      timer.refresh()
      return
    }
    // Once around the event loop: what has just been asked for is read before this is the end.
    const before = bytesOut()
    setImmediate(() => {
      if (stdout.isOver) return
      const hasMoved = bytesOut() > before && bytesOut() - atExit < PIPE_SIZE
      if (stdout.isPaused || hasMoved) timer.refresh()
      else end()
    })
  }, lingerTimeout)
  return timer
}
