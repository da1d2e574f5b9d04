import {
  type LineStyle,
  writeErrorLines,
  writeOutcome,
  writeRequestLine,
  writeRunningLine,
} from './request-lines.js'
import type { RequestJournal } from '../journal/request-journal.js'
import type { RequestRecord } from '../journal/request-record.js'

/** How long standard error waits for the line of its request, in milliseconds. */
const PATIENCE = 500

/**
 * Writes a line about each request once it is over, and under it what its script wrote to standard error
 * and what went wrong. A script that takes longer is heard meanwhile, under a line that says it runs.
 *
 * @param style - asked for each time, since a terminal changes its width.
 */
export function logAsText(
  journal: RequestJournal,
  style: () => LineStyle,
  write: (text: string) => void,
): void {
  /** Lines that have not been written. */
  const held = new Map<RequestRecord, string[]>()
  /** Whose line, and lines of standard error, were written last. */
  let current: RequestRecord | undefined

  function hold(record: RequestRecord, line: string): void {
    const lines = held.get(record)
    if (lines !== undefined) {
      lines.push(line)
      return
    }
    held.set(record, [line])
    const age = Date.now() - record.startTime
    setTimeout(() => release(record), Math.max(0, PATIENCE - age)).unref()
  }

  /** Writes what a script that still runs has said. */
  function release(record: RequestRecord): void {
    const lines = held.get(record)
    if (lines === undefined) return
    held.delete(record)
    const heading = current === record ? [] : [writeRunningLine(record, style())]
    current = record
    writeLines([...heading, ...writeErrorLines(lines)])
  }

  function finish(record: RequestRecord): void {
    const lines = held.get(record) ?? []
    held.delete(record)
    current = undefined
    const look = style()
    const outcome = writeOutcome(record, look)
    writeLines([writeRequestLine(record, look), ...writeErrorLines(lines), ...outcome])
  }

  function writeLines(lines: readonly string[]): void {
    write(lines.map((line) => `${line}\n`).join(''))
  }

  journal.on('line', hold)
  journal.on('end', finish)
}
