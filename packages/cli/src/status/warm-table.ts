import type { WarmScript, WarmStats } from '@common-gateway/core'
import { fromBytes } from '../text/byte-text.js'
import { html, type Markup } from '../text/markup.js'

const COLUMNS = ['Script', 'State', 'Process', 'Warm runs']

/** The table of the scripts that may have a fork server; nothing where no gateway has any. */
export function writeWarm(stats: readonly WarmStats[], folder: string): Markup {
  const scripts = stats.flatMap((each) => each.scripts)
  if (scripts.length === 0) return html``
  const servers = stats.reduce((sum, each) => sum + each.servers, 0)
  return html`<section aria-labelledby="warm-title">
<h2 id="warm-title">Warm interpreters</h2>
<p class="quiet">${servers} now. A script gets one when it has run often; until then, or where it cannot have one, each request starts its interpreter.</p>
<table>
<thead><tr>${COLUMNS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>
${scripts.map((script) => writeScript(script, folder))}</tbody>
</table>
</section>`
}

function writeScript({ script, state, reason, pid, runs }: WarmScript, folder: string): Markup {
  const file = fromBytes(script)
  const name = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : file
  const cells: readonly (readonly [label: string, value: string])[] = [
    ['State', reason === undefined ? state : `${state}: ${reason}`],
    ['Process', pid?.toString() ?? ''],
    ['Warm runs', runs.toLocaleString('en')],
  ]
  return html`<tr class="${state}"><th scope="row">${name}</th>${cells.map(
    ([label, value]) => html`<td data-label="${label}">${value}</td>`,
  )}</tr>
`
}
