import { toPrintableUrl } from './printable.js'
import type { RequestJournal } from './request-journal.js'
import type { RequestRecord } from './request-record.js'

/** Writes a line about each request to standard output once it is over, whoever answered it. */
export function logRequests(journal: RequestJournal): void {
  journal.on('end', (record) => process.stdout.write(`${describe(record)}\n`))
}

function describe({ startTime, method, url, status, duration, isAborted }: RequestRecord): string {
  const time = new Date(startTime).toISOString()
  // A script that writes the whole response itself (nph-) has a status that is its own affair.
  const words = [time, method, toPrintableUrl(url), status ?? '-', `${Math.round(duration ?? 0)}ms`]
  if (isAborted) words.push('aborted')
  return words.join(' ')
}
