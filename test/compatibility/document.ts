import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Outcome } from './attempt.js'
import type { Group } from './cell.js'

const DOCUMENT = fileURLToPath(new URL('../../../docs/compatibility.md', import.meta.url))

/** Writes the table of a group to docs/compatibility.md, between `<!-- Group -->` and `<!-- end -->`. */
export function writeTable(group: Group, outcomes: readonly Outcome[]): void {
  const place = new RegExp(`(?<=<!-- ${group.replaceAll('.', '\\.')} -->\n)[^]*?(?=<!-- end -->)`)
  const rows = outcomes.map(({ cell, version, failure }) => {
    return `| ${cell.name} | ${version} | ${failure === undefined ? 'works' : '**fails**'} |\n`
  })
  const table = `\n| | version | |\n| --- | --- | --- |\n${rows.join('')}\n`
  const text = readFileSync(DOCUMENT, 'utf8')
  writeFileSync(
    DOCUMENT,
    text.replace(place, () => table),
  )
}
