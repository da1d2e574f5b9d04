import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { AWSTATS, GITWEB, needs } from '../../apps/programs.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { compare } from './comparison.js'
import { readDeclarations } from './declarations.js'
import { createRequests, type ScriptCase } from './script-case.js'
import { PERL } from '../interpreters.js'

const NO_HANG = { timeout: 300_000 }
const folder = createTemporaryFolder(t)

interface Program {
  readonly name: string
  readonly script: string
  readonly queries: readonly [string, string]
  /** Lines as those of a script of the suite. */
  readonly declarations: string
}

function createProgramCase({ name, script, queries, declarations }: Program): ScriptCase {
  const read = readDeclarations(declarations)
  const [first, second] = createRequests(script, read, path.join(folder, `${name}-files`))
  const ask = (request: typeof first, query: string): typeof first => ({
    ...request,
    // No arguments: the queries have "=".
    command: [PERL, script],
    environment: { ...request.environment, QUERY_STRING: query, PATH_INFO: '' },
  })
  return { name, declarations: read, requests: [ask(first, queries[0]), ask(second, queries[1])] }
}

void t.test('WARM-40 gitweb', { ...needs('gitweb', 'git', 'CGI.pm'), ...NO_HANG }, async () => {
  for (const name of ['one.git', 'two.git']) createRepository(path.join(folder, 'git', name))
  const configuration = path.join(folder, 'gitweb.conf')
  writeFileSync(configuration, `$projectroot = '${path.join(folder, 'git')}';\n1;\n`)
  await compare(
    createProgramCase({
      name: 'gitweb',
      script: GITWEB,
      queries: ['', 'p=one.git;a=log'],
      declarations: `#: variable GITWEB_CONFIG=${configuration}`,
    }),
  )
})

void t.test('WARM-40 AWStats', { ...needs('AWStats', 'perl'), ...NO_HANG }, async () => {
  const place = path.join(folder, 'awstats')
  mkdirSync(place)
  writeFileSync(path.join(place, 'access.log'), createLog())
  writeFileSync(
    path.join(place, 'awstats.site.conf'),
    `LogFile="${place}/access.log"\nLogFormat=1\nSiteDomain="site.example"\nDirData="${place}"\nDNSLookup=0\nUseFramesWhenCGI=0\n`,
  )
  execFileSync(PERL, [AWSTATS, '-config=site', `-configdir=${place}`, '-update'])
  const site = `config=site&configdir=${place}&year=2026&month=03`
  const pages = await compare(
    createProgramCase({
      name: 'awstats',
      script: AWSTATS,
      queries: [site, `${site}&output=urldetail`],
      declarations: `#: variable AWSTATS_ENABLE_CONFIG_DIR=${place}\n#: mask \\d\\d:\\d\\d(?::\\d\\d)?`,
    }),
  )
  for (const page of pages) assert.match(page, /\/birds\/7\.html/)
})

function createRepository(place: string): void {
  const date = '2020-01-02T03:04:05Z'
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_AUTHOR_NAME: 'Wren',
    GIT_AUTHOR_EMAIL: 'wren@site.example',
    GIT_COMMITTER_NAME: 'Wren',
    GIT_COMMITTER_EMAIL: 'wren@site.example',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  }
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: place, env: environment, encoding: 'utf8' }).trim()
  mkdirSync(place, { recursive: true })
  git('init', '--quiet', '--bare')
  const tree = git('write-tree')
  const commit = git('commit-tree', tree, '-m', 'The first')
  git('update-ref', 'HEAD', commit)
}

/** No two pages or clients have as many requests: the order of equal ones is that of a hash of perl. */
function createLog(): string {
  const numbers = [1, 2, 3, 4, 5, 6, 7].flatMap((number) =>
    Array.from({ length: number }, () => number),
  )
  return numbers
    .map((number, index) => {
      const second = String(index).padStart(2, '0')
      return `192.0.2.${number} - - [05/Mar/2026:10:00:${second} +0000] "GET /birds/${number}.html HTTP/1.1" 200 1024 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"\n`
    })
    .join('')
}
