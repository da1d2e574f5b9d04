import path from 'node:path'
import { toByteCount } from '../text/byte-count.js'
import { toPrintable, toPrintableUrl } from '../text/printable.js'
import type { RequestRecord } from '../journal/request-record.js'
import type { Paint } from '../text/terminal-style.js'

/** The style of lines about requests. */
export interface LineStyle {
  readonly paint: Paint
  /** The served folder. Names of scripts are relative to it. */
  readonly folder: string
  /** Width of the terminal; undefined without a terminal, where lines are not truncated. */
  readonly columns: number | undefined
}

/** The width of the columns except path and script. */
const OTHER_COLUMNS = '00:00:00 POST  200  1000ms 1000ms 100 kB aborted'.length + 1

/** The line of a request: time, method, path, status, script, time to the header, duration, bytes. */
export function writeRequestLine(record: RequestRecord, style: LineStyle): string {
  const { paint, columns } = style
  const { method, status, headerTime, duration, isAborted, bytesOut } = record
  const widths = columns === undefined ? { path: 32, script: 20 } : shareOf(columns)
  const url = toPrintableUrl(record.url)
  const now = duration ?? Date.now() - record.startTime
  const cells = [
    paint('dim', toTime(record.startTime, columns !== undefined)),
    toPrintable(method).padEnd(4),
    (columns === undefined ? url : truncate(url, widths.path)).padEnd(widths.path),
    paintStatus(status, paint),
    paint('dim', nameOf(record, style, widths.script).padEnd(widths.script)),
    toMilliseconds(headerTime).padStart(6),
    toMilliseconds(now).padStart(6),
    toByteCount(bytesOut).padStart(6),
  ]
  if (isAborted) cells.push(paint('yellow', 'aborted'))
  return cells.join(' ')
}

/** The heading of standard error of a running script. The line of its request follows at the end. */
export function writeRunningLine(record: RequestRecord, style: LineStyle): string {
  const name = toPrintable(pathOf(record.script ?? '', style.folder))
  return style.paint('cyan', `    ${name}${processOf(record)} is running; its standard error:`)
}

/** The lines of a script's standard error. */
export function writeErrorLines(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${toPrintable(line)}`)
}

/** The lines about errors of a request that has ended. */
export function writeOutcome(record: RequestRecord, { paint }: LineStyle): string[] {
  const { error, exitCode, signal, unloggedBytes, isAborted } = record
  const lines: string[] = []
  if (unloggedBytes > 0) {
    lines.push(
      `    ${unloggedBytes} bytes of its standard error exceeded the rate limit of the log`,
    )
  }
  const details: string[] = []
  if (typeof exitCode === 'number' && exitCode !== 0) details.push(`exit code ${exitCode}`)
  // The gateway kills a script whose client has disconnected.
  if (typeof signal === 'string' && !isAborted) details.push(signal)
  const end = details.join(', ')
  if (error !== undefined) {
    const text = toPrintable(end === '' ? error : `${error} (${end})`)
    lines.push(paint('red', `    error: ${text}`))
  } else if (end !== '') {
    lines.push(paint('yellow', `    the script ended abnormally: ${end}`))
  }
  return lines
}

/** Divides the rest of the line. The path gets the larger part. */
function shareOf(columns: number): { path: number; script: number } {
  const rest = Math.max(30, columns - OTHER_COLUMNS)
  const script = Math.min(24, Math.floor(rest / 3))
  return { path: Math.min(72, rest - script), script }
}

/** The script as `cgi-bin/form.py[4242]`, or as much of that as there is room for. */
function nameOf(record: RequestRecord, { folder, columns }: LineStyle, width: number): string {
  const { script } = record
  if (script === undefined) return '-'
  const relative = pathOf(script, folder)
  const base = toPrintable(path.basename(script))
  const name = relative.startsWith('..') ? base : toPrintable(relative)
  const process = processOf(record)
  const full = name + process
  if (columns === undefined || full.length <= width) return full
  const short = base + process
  return short.length <= width ? short : truncate(base, width)
}

/** A script as a path from the served folder. An application without a file has the name of its server. */
function pathOf(script: string, folder: string): string {
  return path.isAbsolute(script) ? path.relative(folder, script) : script
}

/** What runs the script: the process, or the application server on another machine. */
function processOf({ script = '', pid, upstream }: RequestRecord): string {
  if (pid !== undefined) return `[${pid}]`
  return upstream === undefined || script.includes(upstream) ? '' : `[${toPrintable(upstream)}]`
}

function truncate(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

function toTime(milliseconds: number, isForPerson: boolean): string {
  const date = new Date(milliseconds)
  if (!isForPerson) return date.toISOString()
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

function toMilliseconds(duration: number | undefined): string {
  if (duration === undefined) return '-'
  return duration < 9_999.5 ? `${Math.round(duration)}ms` : `${Math.round(duration / 1_000)}s`
}

function paintStatus(status: number | undefined, paint: Paint): string {
  if (status === undefined) return '-  '
  const text = String(status)
  if (status >= 500) return paint('red', text)
  if (status >= 400) return paint('yellow', text)
  return paint(status >= 300 ? 'cyan' : 'green', text)
}
