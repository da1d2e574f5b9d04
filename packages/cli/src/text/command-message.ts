import { toPrintable } from './printable.js'

/** Says something about the command itself, on standard error. */
export function tell(message: string): void {
  process.stderr.write(`common-gateway: ${toPrintable(message)}\n`)
}
