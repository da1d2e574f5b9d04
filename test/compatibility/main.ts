import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { attempt, type Outcome } from './attempt.js'
import { CELLS } from './cells.js'
import type { Cell, Project } from './cell.js'
import { writeTable } from './document.js'
import { openRegistry } from './registry.js'
import { install } from './workplace.js'

/**
 * `npm run test:packages`: installs the packages as they are published in empty projects, and uses them there.
 * `-- --only TEXT` takes the cells whose group or name contains it; `--write` writes the tables of the groups that
 * were tried whole to docs/compatibility.md.
 */

const PACK = fileURLToPath(new URL('../../../scripts/pack.mjs', import.meta.url))

const { values } = parseArgs({ options: { only: { type: 'string' }, write: { type: 'boolean' } } })
const wanted = (values.only ?? '').toLowerCase()
const cells = CELLS.filter(({ group, name }) => `${group}: ${name}`.toLowerCase().includes(wanted))

const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-packages-'))
const packed = path.join(folder, 'packed')
execFileSync(process.execPath, [PACK, packed])
// Beside the tarballs lie the contents, each in a folder of its name.
const names = readdirSync(packed, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
const registry = await openRegistry(packed, names)
const outcomes: Outcome[] = []

/** Cells of a project run one after the other in its folder. */
async function tryProject(project: Project, own: readonly Cell[]): Promise<void> {
  let place: string | undefined
  for (const cell of own) {
    try {
      place ??= await install(project, folder, registry.url)
      report(await attempt(cell, place))
    } catch (error) {
      report({ cell, version: '', failure: String(error) })
    }
  }
  if (place !== undefined) rmSync(place, { recursive: true, force: true })
}

function report(outcome: Outcome): void {
  const { cell, version, failure } = outcome
  outcomes.push(outcome)
  console.log(failure === undefined ? 'works' : 'FAILS', `${cell.group}: ${cell.name}`, version)
  if (failure !== undefined) console.log(failure.replace(/^/gm, '    '))
}

try {
  const projects = new Set(cells.map(({ project }) => project)).values()
  const work = async (): Promise<void> => {
    for (const project of projects) {
      await tryProject(
        project,
        cells.filter((cell) => cell.project === project),
      )
    }
  }
  await Promise.all([work(), work()])
} finally {
  registry.close()
  rmSync(folder, { recursive: true, force: true })
}

const failed = outcomes.filter(({ failure }) => failure !== undefined).length
console.log(`${outcomes.length - failed} work, ${failed} fail`)
process.exitCode = failed === 0 ? 0 : 1

if (values.write === true) {
  for (const group of new Set(CELLS.map((cell) => cell.group))) {
    const all = CELLS.filter((cell) => cell.group === group)
    const found = all.flatMap((cell) => outcomes.filter((outcome) => outcome.cell === cell))
    if (found.length === all.length) writeTable(group, found)
  }
}
