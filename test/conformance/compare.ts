import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case } from './case.js'
import { cases } from './cases.js'
import { exchange } from './exchange.js'
import { apache } from '../servers/apache.js'
import { gateways } from './gateways.js'
import { go } from '../servers/go.js'
import { lighttpd } from '../servers/lighttpd.js'
import type { Server } from '../servers/server.js'
import { createSite } from './site.js'

/** What one server did: the failures, by the id of the case. */
interface Column {
  readonly server: Server
  readonly failures: ReadonlyMap<string, string>
}

const AT_ONCE = 4
const DOCUMENT = fileURLToPath(new URL('../../../docs/conformance.md', import.meta.url))

async function run(server: Server): Promise<Column> {
  const site = await createSite()
  const failures = new Map<string, string>()
  try {
    const running = await server.start(site)
    try {
      const waiting = [...cases]
      const work = async (): Promise<void> => {
        for (let each = waiting.shift(); each; each = waiting.shift()) {
          try {
            each.expect(await exchange(each, { port: running.port, root: site.root }))
          } catch (error) {
            failures.set(each.id, error instanceof Error ? error.message : String(error))
          }
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
    } finally {
      await running.close()
    }
  } finally {
    await site.remove()
  }
  return { server, failures }
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

/** Text that Markdown shows as it is. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]~]/g, '\\$&')
}

function describeCase(each: Case): string[] {
  return [each.id, each.contract, each.source, each.level, plain(each.title)]
}

/** What one server fails of some cases, or nothing. */
function describeFailures({ server, failures }: Column, group: readonly Case[]): string[] {
  const ids = group.filter(({ id }) => failures.has(id)).map(({ id }) => id)
  return ids.length === 0 ? [] : [`${server.name}: ${ids.join(', ')}`]
}

/** How many of some cases a server passes, of how many. */
function score({ failures }: Column, group: readonly Case[]): string {
  const passed = group.filter(({ id }) => !failures.has(id)).length
  return `${passed} of ${group.length}`
}

function document(columns: readonly Column[]): string {
  const names = columns.map(({ server }) => server.name)
  const others = columns.filter(({ server }) => !server.isOurs)
  const ours = columns.filter(({ server }) => server.isOurs)
  const own = cases.filter(({ level }) => level === 'ours')
  const held = cases.filter(({ level }) => level !== 'ours')
  const open = cases.filter(({ id }) => ours.some(({ failures }) => failures.has(id)))
  const differing = cases.filter(({ id }) => others.some(({ failures }) => failures.has(id)))
  const reasons = new Map<string, Case[]>()
  for (const each of differing) {
    reasons.set(each.because, [...(reasons.get(each.because) ?? []), each])
  }
  return [
    '# Conformance',
    '',
    'Made by `npm run conformance -- --write`; do not edit. The command sends each case as bytes over a socket to',
    'each server, and compares the answer with the section of the RFC that the case names. To add a case, see',
    '[test/conformance](../test/conformance/README.md).',
    '',
    '## Servers',
    '',
    row(['server', 'passed', 'our own rules', 'what it is']),
    row(['---', '--:', '--:', '---']),
    ...columns.map((column) =>
      row([column.server.name, score(column, held), score(column, own), column.server.description]),
    ),
    '',
    'Our own rules are in no RFC, or are stricter than a SHOULD because it is safer. The other servers need not',
    'follow them.',
    '',
    '## Where others differ',
    '',
    'The reason for our answer. Some cases depend on timing, for example on whether a script ends before its input',
    'arrives: another run may have one failure more or less.',
    '',
    row(['source', 'why', 'who fails']),
    row(['---', '---', '---']),
    ...[...reasons].map(([because, group]) =>
      row([
        [...new Set(group.map(({ source }) => source))].join('; '),
        plain(because),
        others.flatMap((column) => describeFailures(column, group)).join('; '),
      ]),
    ),
    '',
    ...(open.length === 0
      ? []
      : ['## Where ours fails', '', ...open.map(({ id }) => `- ${id}`), '']),
    '## All cases',
    '',
    row(['case', 'contract', 'source', 'level', 'what', ...names]),
    row(['---', '---', '---', '---', '---', ...names.map(() => '---')]),
    ...cases.map((each) =>
      row([
        ...describeCase(each),
        ...columns.map(({ failures }) => (failures.has(each.id) ? '**FAIL**' : 'pass')),
      ]),
    ),
    '',
  ].join('\n')
}

// Leaves through the exit handlers, which stop the server that runs.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const columns: Column[] = []
for (const server of [...gateways, apache, lighttpd, go]) {
  const missing = server.missing()
  if (missing === undefined) columns.push(await run(server))
  else console.error(`${server.name} is not installed: sudo apt-get install ${missing}`)
}

const text = document(columns)
if (process.argv.includes('--write')) {
  await mkdir(path.dirname(DOCUMENT), { recursive: true })
  await writeFile(DOCUMENT, text)
} else console.log(text)

for (const { server, failures } of columns) {
  console.error(`${server.name}: ${cases.length - failures.size} of ${cases.length}`)
  if (!server.isOurs && !process.argv.includes('--verbose')) continue
  for (const { id, title } of cases) {
    const message = failures.get(id)
    if (message !== undefined) console.error(`  ${id} ${title}: ${JSON.stringify(message)}`)
  }
}
if (columns.some(({ server, failures }) => server.isOurs && failures.size > 0)) process.exitCode = 1
