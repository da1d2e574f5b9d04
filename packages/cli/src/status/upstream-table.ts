import type { UpstreamStats } from '@common-gateway/core'
import { html, type Markup } from '../text/markup.js'

const COLUMNS = ['Name', 'Process', 'State', 'Busy', 'Requests', 'Failures', 'Retries']

/** The table of the application servers and workers; nothing where there are none. */
export function writeUpstreams(upstreams: readonly UpstreamStats[]): Markup {
  // A worker that nothing has been asked of is not worth a row.
  const used = upstreams.filter(({ state, requests }) => state !== 'stopped' || requests > 0)
  if (used.length === 0) return html``
  return html`<section aria-labelledby="upstreams-title">
<h2 id="upstreams-title">Application servers</h2>
<table>
<thead><tr>${COLUMNS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${used.map(writeUpstream)}</tbody>
</table>
</section>`
}

function writeUpstream(upstream: UpstreamStats): Markup {
  const { name, pid, state, busy, maxConnections, requests, failures, retries } = upstream
  const cells: readonly (readonly [label: string, value: string])[] = [
    ['Process', pid?.toString() ?? ''],
    ['State', state],
    ['Busy', `${busy} of ${maxConnections}`],
    ['Requests', requests.toLocaleString('en')],
    ['Failures', failures.toLocaleString('en')],
    ['Retries', retries.toLocaleString('en')],
  ]
  return html`<tr class="${state}"><th scope="row">${name}</th>${cells.map(
    ([label, value]) => html`<td data-label="${label}">${value}</td>`,
  )}</tr>
`
}
