import { toPrintable } from './printable.js'

/** Writes a message about the command itself to standard error. */
export function writeMessage(message: string): void {
  process.stderr.write(`common-gateway: ${toPrintable(message)}\n`)
}
