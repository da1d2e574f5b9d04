import { toPrintable } from '../text/printable.js'
import type { ScriptSurvey } from '../advice/script-survey.js'
import type { ServerAddress } from '../server/server-address.js'
import { type Application, describeServer } from '../site/application-servers.js'
import type { Program, Site } from '../site/site.js'
import type { Paint } from '../text/terminal-style.js'

/** The facts that the start screen shows. */
export interface StartFacts {
  readonly version: string
  readonly address: ServerAddress
  /** The folder that is served. */
  readonly folder: string
  readonly surveys: readonly (ScriptSurvey & { readonly isGiven: boolean })[]
  /** What runs in every folder, by its extension, and the application servers among it. */
  readonly everywhere: Pick<Site, 'scriptExtensions' | 'servers'>
  readonly programs: readonly Program[]
  readonly applications: readonly Application[]
  /** Path of the status page; undefined where there is none. */
  readonly statusPath: string | undefined
  /** Path of the metrics; undefined where there are none. */
  readonly metricsPath: string | undefined
  /** The first address of the network as a QR code, for a phone; undefined where there is no terminal. */
  readonly qrCode: string | undefined
  /** Remarks, one sentence each. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

/** How many of the scripts that cannot run are listed. */
const MOST_PROBLEMS = 5

/** The text that the command prints when the server has started. */
export function writeStartScreen(facts: StartFacts, paint: Paint): string {
  const { address, surveys, everywhere, programs, applications, notes, warnings } = facts
  const rows: [name: string, value: string][] = [['Address', paint('cyan', address.url)]]
  for (const url of address.networkUrls) rows.push(['Network', paint('cyan', url)])
  rows.push(['Folder', toPrintable(facts.folder)])
  const found = surveys.filter(({ isThere, isGiven }) => isThere || isGiven)
  for (const survey of found) rows.push(['Scripts', describe(survey)])
  const extensions = everywhere.scriptExtensions
  for (const extension of extensions) {
    const server = everywhere.servers[extension]
    const by = server === undefined ? '' : `, by ${describeServer(server)}`
    rows.push(['Scripts', toPrintable(`${extension} files in every folder${by}`)])
  }
  for (const { url, file } of programs) rows.push(['Program', toPrintable(`${url} runs ${file}`)])
  for (const { url, server } of applications) {
    rows.push(['Program', toPrintable(`${url} is answered by ${describeServer(server)}`)])
  }
  if (found.length + extensions.length + programs.length + applications.length === 0) {
    rows.push(['Scripts', 'none yet; programs that you put in cgi-bin are run'])
  }
  const pages = [
    ['Status', facts.statusPath],
    ['Metrics', facts.metricsPath],
  ] as const
  for (const [name, path] of pages) {
    if (path !== undefined) rows.push([name, paint('cyan', new URL(path, address.url).href)])
  }
  const lines = rows.map(([name, value]) => `  ${paint('dim', name.padEnd(9))}${value}`)
  const problems = writeProblems(surveys)
  const remarks = [
    ...warnings.map((text) => `  ${paint('yellow', `Warning: ${toPrintable(text)}`)}`),
    ...notes.map((text) => `  ${toPrintable(text)}`),
  ]
  const title = `${paint('bold', 'Common Gateway')} ${facts.version}`
  const code = facts.qrCode?.split('\n').map((line) => `  ${line}`) ?? []
  const blocks = [[title], lines, code, problems, remarks].filter((block) => block.length > 0)
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n\n`
}

function describe({ url, isThere, count }: ScriptSurvey): string {
  if (!isThere) return toPrintable(`${url}/ does not exist yet`)
  return toPrintable(`${url}/ has ${count === 1 ? '1 script' : `${count} scripts`}`)
}

function writeProblems(surveys: readonly ScriptSurvey[]): string[] {
  const problems = surveys.flatMap((survey) => survey.problems)
  if (problems.length === 0) return []
  const lines = problems.slice(0, MOST_PROBLEMS).map(({ name, advice }) => {
    return `    ${toPrintable(`${name}: ${advice}`)}`
  })
  const more = problems.length - MOST_PROBLEMS
  if (more > 0) lines.push(`    and ${more} more`)
  return ['  Files in the folders of scripts that cannot be run:', ...lines]
}
