import path from 'node:path'
import { STATUS_CODES } from 'node:http'
import { toByteCount } from '../text/byte-count.js'
import { toPrintableUrl } from '../text/printable.js'
import { STATUS_PATH } from '../access/access.js'
import { html, type Markup } from '../text/markup.js'
import { explainOutcome, type Outcome, outcomeOf } from './outcome.js'
import { countOf, describeDuration } from './quantity.js'
import type { Snapshot } from './snapshot.js'

/** The time and the folder that a row is relative to. */
export interface RowView {
  /** Absolute path of the served folder. Names of scripts are relative to it. */
  readonly folder: string
  /** In milliseconds since 1970. */
  readonly now: number
}

/** The row of a request in progress: a line, and all facts when it is opened. */
export function writeOpenRow(request: Snapshot, view: RowView): Markup {
  const { isWaiting, pid, upstream, client, bytesIn, bytesOut, startTime } = request
  const age = describeDuration(view.now - startTime)
  const facts = [
    scriptOf(request, view.folder),
    upstream === undefined ? undefined : `by ${upstream}`,
    pid === undefined ? undefined : `process ${pid}`,
    bytesIn > 0 ? `${toByteCount(bytesIn)} received` : undefined,
    isWaiting ? 'waits for a slot' : undefined,
    `for ${client}`,
  ]
  return writeRow(request, view, {
    state: isWaiting ? 'waiting' : 'running',
    badge: isWaiting ? 'waits' : 'runs',
    took: age,
    size: toByteCount(bytesOut),
    note: html`<span class="note">${facts.filter((fact) => fact !== undefined).join(' · ')}</span>`,
  })
}

/** The row of a request that has ended. */
export function writePastRow(request: Snapshot, view: RowView): Markup {
  const { status, duration, bytesOut, standardError } = request
  const outcome = outcomeOf(request)
  const explanation = explainOutcome(request)
  // The last line of a traceback contains the error.
  const lastLine = outcome === 'failed' ? standardError.at(-1) : undefined
  const note =
    explanation &&
    html`<span class="note">${explanation}${lastLine && html` <code>${lastLine}</code>`}</span>`
  return writeRow(request, view, {
    state: outcome,
    badge: status?.toString() ?? (outcome === 'left' ? 'left' : 'nph'),
    took: duration === undefined ? '' : describeDuration(duration),
    size: toByteCount(bytesOut),
    note,
  })
}

interface Row {
  readonly state: Outcome | 'running' | 'waiting'
  readonly badge: string
  readonly took: string
  readonly size: string
  readonly note: Markup | undefined | ''
}

function writeRow(request: Snapshot, view: RowView, row: Row): Markup {
  const { id, method, url, urlRest, isScript, startTime } = request
  const time = html`<time datetime="${new Date(startTime).toISOString()}">${clockTime(startTime)}</time>`
  return html`<li id="r${id}" class="row ${row.state}${isScript ? ' script' : ''}">
<details><summary>${time} <b class="badge">${row.badge}</b> <code class="url"><span class="method">${method}</span> ${toPrintableUrl(url)}${urlRest > 0 ? '…' : ''}</code> <span class="took">${row.took}</span> <span class="size">${row.size}</span>${row.note}</summary>
${writeFacts(request, view)}${writeStandardError(request)}${writeInspectLink(request)}
</details>
</li>
`
}

function writeFacts(request: Snapshot, { folder }: RowView): Markup {
  const { status, pid, upstream, client, queueTime, headerTime, duration, exitCode, signal } =
    request
  const facts: [name: string, value: string | undefined][] = [
    ['Status', status === undefined ? undefined : `${status} ${STATUS_CODES[status] ?? ''}`],
    ['Script', scriptOf(request, folder)],
    ['Application server', upstream],
    ['Process', pid?.toString()],
    ['Exit code', exitCode?.toString()],
    ['Signal', signal ?? undefined],
    ['Client', client],
    ['Waited for a slot', queueTime && queueTime >= 1 ? describeDuration(queueTime) : undefined],
    ['Time to header', headerTime === undefined ? undefined : describeDuration(headerTime)],
    ['Duration', duration === undefined ? undefined : describeDuration(duration)],
    ['Received', toByteCount(request.bytesIn)],
    ['Sent', toByteCount(request.bytesOut)],
  ]
  const items = facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)
  return html`<dl>${items}</dl>
`
}

function writeStandardError(request: Snapshot): Markup | undefined {
  const { standardError, earlierLines, droppedBytes, isScript } = request
  if (standardError.length === 0) {
    return isScript ? html`<p class="quiet">Its standard error is empty.</p>` : undefined
  }
  const missing = [
    earlierLines > 0 ? countOf(earlierLines, 'earlier line') : undefined,
    droppedBytes > 0 ? toByteCount(droppedBytes) : undefined,
  ].filter((fact) => fact !== undefined)
  const lines = standardError.map(
    (line) => html`<span>${line}</span>
`,
  )
  return html`<h3>Its standard error</h3>
${missing.length > 0 ? html`<p class="quiet">Without ${missing.join(' and ')}</p>` : ''}<pre tabindex="0" aria-label="Standard error">${lines}</pre>
`
}

function scriptOf({ script }: Snapshot, folder: string): string | undefined {
  if (script === undefined || !path.isAbsolute(script)) return script
  const name = path.relative(folder, script)
  return name.startsWith('..') ? script : name
}

function writeInspectLink(request: Snapshot): Markup {
  const { urlRest } = request
  return urlRest > 0
    ? html`<p class="quiet">The URL is ${countOf(urlRest, 'character')} longer than this.</p>`
    : html`<p><a href="${inspectUrl(request)}">Inspect this URL</a>: which script would run for it, and with which environment</p>`
}

function inspectUrl({ method, url }: Snapshot): string {
  const query = new URLSearchParams({ method, url: toPrintableUrl(url) })
  return `${STATUS_PATH}/inspect?${query.toString()}`
}

/** `14:03:07`, in the time zone of this machine. */
export function clockTime(time: number): string {
  return new Date(time).toTimeString().slice(0, 8)
}
