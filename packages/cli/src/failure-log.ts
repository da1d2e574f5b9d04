import path from 'node:path'
import { toPrintable } from './printable.js'
import type { RequestJournal } from './request-journal.js'
import type { RequestRecord } from './request-record.js'

/**
 * Writes each line of a script's standard error, and what went wrong with a request, to standard error, as
 * lines for people: `cgi-bin/form.py[4242]: what there is to say`.
 *
 * @param folder - the folder that is served; scripts are named from there.
 */
export function logFailures(journal: RequestJournal, folder: string): void {
  const write = (record: RequestRecord, text: string): void => {
    process.stderr.write(`${toPrintable(`${subjectOf(record, folder)}: ${text}`)}\n`)
  }
  journal.on('line', write)
  journal.on('end', (record) => {
    const { error, exitCode, signal, droppedBytes } = record
    if (droppedBytes > 0) write(record, `${droppedBytes} bytes of its standard error were dropped`)
    const details: string[] = []
    if (typeof exitCode === 'number' && exitCode !== 0) details.push(`exit code ${exitCode}`)
    if (typeof signal === 'string') details.push(signal)
    if (error === undefined && (details.length === 0 || record.isAborted)) return
    const end = details.length > 0 ? ` (${details.join(', ')})` : ''
    write(record, (error ?? 'the script did not end well') + end)
  })
}

function subjectOf({ script, pid, method, url }: RequestRecord, folder: string): string {
  if (script === undefined) return `${method} ${url}`
  return path.relative(folder, script) + (pid === undefined ? '' : `[${pid}]`)
}
