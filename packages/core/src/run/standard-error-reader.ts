import type { Output } from '../transport/output.js'
import type { ScriptExit } from '../transport/transport.js'

/** How standard error is read. */
export interface StandardErrorReading {
  readonly exit: Promise<ScriptExit>
  /** How long it may go on after the exit of the script, in milliseconds. */
  readonly lingerTimeout: number
  /** Takes the next bytes. */
  readonly write: (chunk: Buffer) => void
}

/**
 * Reads the standard error of a script. A background child may hold it open, so reading ends
 * `lingerTimeout` after the exit of the script.
 *
 * @returns resolves at the end; never rejects.
 */
export function readStandardError(
  stderr: Output,
  { exit, lingerTimeout, write }: StandardErrorReading,
): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let hasEnded = false
    const end = (): void => {
      hasEnded = true
      clearTimeout(timer)
      resolve()
    }
    stderr.readBy({ data: write, end, error: end })
    stderr.resume()
    void exit.then(() => {
      if (hasEnded) return
      timer = setTimeout(() => {
        // One round of the event loop: after a stall the timer fires before the bytes in the pipe are read.
        setImmediate(() => {
          stderr.destroy()
          resolve()
        })
      }, lingerTimeout)
    })
  })
}
