import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Row, ROWS_FILE } from './row.js'

/** `npm run machines`: runs the test of two machines, and writes what was lost to the page about several machines. */

const DOCUMENT = fileURLToPath(
  new URL('../../../../docs/recipes/several-machines.md', import.meta.url),
)
const TEST = fileURLToPath(new URL('machines.test.js', import.meta.url))
const TABLE = /(?<=<!-- npm run machines -->\n)[^]*?(?=<!-- end -->)/

function toLine({ event, method, sent, lost, twice, back }: Row): string {
  const parts = Object.entries(lost).map(
    ([status, count]) => `${count} (${status === '0' ? 'cut off' : status})`,
  )
  const cells = [
    event,
    method,
    sent,
    parts.join(', ') || 0,
    twice,
    `${(back / 1_000).toFixed(1)} s`,
  ]
  return `| ${cells.join(' | ')} |\n`
}

const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-machines-'))
try {
  const file = path.join(folder, 'rows.json')
  const env = { ...process.env, [ROWS_FILE]: file, TAP_TIMEOUT: '600' }
  const { status } = spawnSync(process.execPath, [TEST], { stdio: 'inherit', env })
  if (status !== 0) throw new Error('the test has failed')
  // The test has written it.
  const rows = JSON.parse(readFileSync(file, 'utf8')) as Row[]
  const head =
    '\n| event | method | sent | lost | done twice | back after |\n| --- | --- | --- | --- | --- | --- |\n'
  const table = `${head}${rows.map(toLine).join('')}\n`
  writeFileSync(
    DOCUMENT,
    readFileSync(DOCUMENT, 'utf8').replace(TABLE, () => table),
  )
} finally {
  rmSync(folder, { recursive: true })
}
