import {
  type LineStyle,
  writeErrorLines,
  writeOutcome,
  writeRequestLine,
  writeRunningLine,
} from './request-lines.js'
import type { RequestJournal } from '../journal/request-journal.js'
import type { RequestRecord } from '../journal/request-record.js'

/** How long standard error is held for the line of its request, in milliseconds. */
const HOLD_TIME = 500
/** The shortest time, for a late line: a traceback comes just before the end of its request. */
const SHORTEST_HOLD = 100

/**
 * Writes a line for each request that has ended, followed by its standard error and its errors. Standard
 * error of a script that runs longer is written earlier, under a heading.
 *
 * @param style - called for every line, since the width of a terminal can change.
 */
export function logAsText(
  journal: RequestJournal,
  style: () => LineStyle,
  write: (text: string) => void,
): void {
  /** Lines that are not yet written. */
  const held = new Map<RequestRecord, string[]>()
  /** The running request whose standard error was written last. */
  let current: RequestRecord | undefined

  function hold(record: RequestRecord, line: string): void {
    const lines = held.get(record)
    if (lines !== undefined) {
      lines.push(line)
      return
    }
    held.set(record, [line])
    const age = Date.now() - record.startTime
    // Lines under a heading are not held.
    const shortest = current === record ? 0 : SHORTEST_HOLD
    setTimeout(() => release(record), Math.max(shortest, HOLD_TIME - age)).unref()
  }

  /** Writes the held lines of a running script. */
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
    const present = style()
    const outcome = writeOutcome(record, present)
    writeLines([writeRequestLine(record, present), ...writeErrorLines(lines), ...outcome])
  }

  function writeLines(lines: readonly string[]): void {
    write(lines.map((line) => `${line}\n`).join(''))
  }

  journal.on('line', hold)
  journal.on('end', finish)
}
