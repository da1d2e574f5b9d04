import type { UpstreamStats, WarmStats } from '@common-gateway/core'
import { toByteCount } from '../text/byte-count.js'
import { html, type Markup } from '../text/markup.js'
import { describeMounts } from './mounts.js'
import type { PastRequest, Totals } from './history.js'
import { writePlots } from './plot.js'
import { clockTime, type RowView, writeOpenRow, writePastRow } from './request-row.js'
import type { Snapshot } from './snapshot.js'
import type { TrafficSlot } from './traffic.js'
import { writeUpstreams } from './upstream-table.js'
import { writeWarm } from './warm-table.js'

/** The data of the status page at one moment. */
export interface StatusState extends RowView {
  /** When the server was started, in milliseconds since 1970. */
  readonly startTime: number
  /** URLs of the gateways, without a trailing slash. */
  readonly urls: readonly string[]
  /** Requests in progress, the oldest first. */
  readonly open: readonly Snapshot[]
  readonly totals: Totals
  readonly slots: readonly TrafficSlot[]
  /** The application servers, and the programs that are kept running. */
  readonly upstreams: readonly UpstreamStats[]
  /** The fork servers of each gateway that has any. */
  readonly warm: readonly WarmStats[]
}

/** The parts of the page that change as a whole, by their ids. */
export interface StatusParts {
  readonly totals: Markup
  readonly plots: Markup
  readonly upstreams: Markup
  readonly warm: Markup
  readonly now: Markup
}

/** The most requests in progress that are shown. */
const MOST_OPEN = 50

/** Creates the parts of the page. */
export function writeParts(state: StatusState): StatusParts {
  return {
    totals: writeTotals(state),
    plots: writePlots(state.slots),
    upstreams: writeUpstreams(state.upstreams),
    warm: writeWarm(state.warm, state.folder),
    now: writeOpen(state),
  }
}

function writeTotals({ open, totals }: StatusState): Markup {
  const waiting = open.filter(({ isWaiting }) => isWaiting).length
  const items: readonly [name: string, value: string, note: string, kind?: string][] = [
    ['Running', String(open.length - waiting), 'now'],
    ['Waiting', String(waiting), 'for a slot', waiting > 0 ? 'waiting' : ''],
    ['Requests', totals.requests.toLocaleString('en'), `${totals.runs} by scripts`],
    [
      'Failed',
      String(totals.failed),
      `${totals.left} left early`,
      totals.failed > 0 ? 'failed' : '',
    ],
    ['Received', toByteCount(totals.bytesIn), 'by scripts'],
    ['Sent', toByteCount(totals.bytesOut), 'of content'],
  ]
  return html`<dl>${items.map(([name, value, note, kind = '']) => {
    return html`<div class="${kind}"><dt>${name}</dt><dd><b>${value}</b> <span>${note}</span></dd></div>`
  })}</dl>`
}

function writeOpen(state: StatusState): Markup {
  const { open } = state
  if (open.length === 0) {
    return html`<p class="empty">No request is in progress. Requests are shown here while their scripts run
or wait for a slot.</p>`
  }
  const rows = open.slice(0, MOST_OPEN).map((request) => writeOpenRow(request, state))
  const more = open.length - rows.length
  return html`<ul>
${rows}</ul>${more > 0 ? html`<p class="quiet">and ${more} more</p>` : ''}`
}

/** The rows of requests that have ended, the latest first. */
export function writePastRows(requests: readonly PastRequest[], view: RowView): Markup {
  return html`${requests.map((request) => writePastRow(request, view))}`
}

/** The content of the status page. It is complete without the browser script. */
export function writeStatus(
  state: StatusState,
  past: readonly PastRequest[],
  cursor: string,
): Markup {
  const { folder, now, startTime, urls } = state
  const { totals, plots, upstreams, warm, now: open } = writeParts(state)
  return html`<div class="title">
<h1>Status</h1>
<p id="live" role="status" data-cursor="${cursor}">As of ${clockTime(now)}; reload to update</p>
</div>
<p class="lead">Serves <code>${folder}</code>, since ${clockTime(startTime)}</p>
<div id="totals">${totals}</div>
<div id="plots">${plots}</div>
<div id="upstreams">${upstreams}</div>
<div id="warm">${warm}</div>
<section aria-labelledby="now-title">
<h2 id="now-title">Now</h2>
<div id="now" tabindex="0" role="region" aria-labelledby="now-title">${open}</div>
</section>
<section aria-labelledby="past-title" class="past">
<div class="title">
<h2 id="past-title">Last requests</h2>
<fieldset>
<legend>Show</legend>
<label><input type="radio" name="show" id="show-all" checked> all</label>
<label><input type="radio" name="show" id="show-scripts"> scripts</label>
<label><input type="radio" name="show" id="show-failed"> failed</label>
</fieldset>
</div>
<ol id="past">
${writePastRows(past, state)}</ol>
<p class="empty none">No request has arrived yet: open <a href="/">the site</a> in another tab. ${describeMounts(urls)}</p>
<p class="empty none-scripts">No script has answered yet.</p>
<p class="empty none-failed">None of these requests has failed.</p>
</section>
<p id="held" hidden></p>
`
}
