import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import type { Answer } from '../support/answer.js'
import { send } from '../support/client.js'
import { needs } from './program.js'
import { createSite } from './site.js'
import { serve, type ServedFolder } from './served-folder.js'
import { createShellLine } from '@internal/cli/status/shell-line.js'

/** Prints its folder, its arguments and its environment, each with a NUL behind it. */
const REPORT = `#!/usr/bin/perl
use Cwd;
print "Content-Type: application/octet-stream\\n\\n" if $ENV{GATEWAY_INTERFACE};
print map { "$_\\0" } getcwd(), @ARGV, map { "$_=$ENV{$_}" } sort keys %ENV;
`

const perl = needs('perl')
const bash = needs('bash')

/** A site with a script that reports, and with what cannot be run. */
function createReportingSite(t: Test): string {
  const folder = createSite(t, {
    'index.html': 'text',
    'cgi-bin/report.pl': REPORT,
    'cgi-bin/it’s a script.pl': REPORT,
    'cgi-bin/folder/report.pl': REPORT,
    'cgi-bin/.hidden.pl': REPORT,
    'cgi-bin/notes.txt': 'text',
  })
  chmodSync(path.join(folder, 'cgi-bin/notes.txt'), 0o644)
  mkdirSync(path.join(folder, 'cgi-bin/empty'))
  symlinkSync('/bin/sh', path.join(folder, 'cgi-bin/link'))
  return folder
}

/** The page that says what would be run. */
async function inspect(server: ServedFolder, url: string, method = 'GET'): Promise<Answer> {
  const query = new URLSearchParams({ url, method })
  return send(server.port, `/.common-gateway/inspect?${query.toString()}`)
}

/** Text of HTML that is UTF-8, as people see it. */
function toText(html: string): string {
  const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  const text = html.replace(/<[^>]*>/g, '').replace(/&[a-z#\d]+;/g, (entity) => {
    // The pattern finds others, which are none of the page's.
    return entities[entity as keyof typeof entities] ?? entity
  })
  return toUnicode(text)
}

function toUnicode(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The environment that the page shows. */
function environmentOf({ text }: Answer): string[] {
  const rows = text.matchAll(/<tr><th scope="row">(.*?)<\/th><td>(.*?)<\/td><\/tr>/g)
  return [...rows].map(([, name = '', value = '']) => `${toText(name)}=${toText(value)}`)
}

/** Asks for several URLs on one connection, with the header of a browser. */
async function askInTurn(
  server: ServedFolder,
  asked: readonly { path: string; method?: string }[],
): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const headers = {
    host: `localhost:${server.port}`,
    accept: 'text/html,*/*;q=0.8',
    cookie: 'one="1"; two=<2>',
    'user-agent': "It's a browser, caf\xe9",
    'x-empty': '',
  }
  const answers: string[] = []
  for (const { path: url, method } of asked) {
    const options = { port: server.port, host: '127.0.0.1', path: url, method, headers, agent }
    const sent = request(options).end()
    const [response] = await once(sent, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    answers.push(Buffer.concat(chunks).toString('latin1'))
  }
  agent.destroy()
  return answers
}

const RUN: readonly [url: string, method?: string][] = [
  ['/cgi-bin/report.pl'],
  ['/cgi-bin/report.pl/more%3Fq/%C3%A9?a=b&c=%00+"\'<d>'],
  ['/cgi-bin/report.pl//', 'DELETE'],
  ['/%63gi-bin/it%E2%80%99s%20a%20script.pl?x'],
  ['/cgi-bin/folder/report.pl/..../a', 'HEAD'],
]

for (const [url, method = 'GET'] of RUN) {
  void t.test(
    `what is shown of ${method} ${url} is what its script sees, variable by variable`,
    perl,
    async (t) => {
      const server = await serve(t, createReportingSite(t))
      const query = new URLSearchParams({ url, method }).toString()
      // No content comes with HEAD: its script is asked by the line that is shown.
      const [page = '', seen = ''] = await askInTurn(server, [
        { path: `/.common-gateway/inspect?${query}` },
        { path: url, method },
      ])
      const shown = environmentOf({ text: page } as Answer)
      assert.ok(shown.length > 20, page)
      const [, line = ''] = /<pre id="shell-line".*?>(.*?)<\/pre>/s.exec(page) ?? []
      const output = execFileSync('/bin/sh', ['-c', toText(line)], { encoding: 'latin1' })
      const byHand = output.replace(/^[^\n]*\n\n/, '').split('\0')
      if (method !== 'HEAD') assert.deepEqual(byHand, seen.split('\0'))
      // The one value that is not UTF-8 is shown as what it is.
      const readable = byHand
        .slice(1, -1)
        .map((each) =>
          each.startsWith('HTTP_USER_AGENT') ? each.replace('\xe9', '\\xe9') : toUnicode(each),
        )
      assert.deepEqual(shown, readable)
    },
  )
}

const REFUSED: readonly [url: string, method: string, status: number, says: RegExp][] = [
  ['/cgi-bin/notes.txt', 'GET', 403, /It looks like data for scripts/],
  ['/cgi-bin/none.pl', 'GET', 404, /there is no such script/],
  ['/cgi-bin/.hidden.pl', 'GET', 404, /begins with a dot/],
  ['/cgi-bin/link', 'GET', 404, /the file is a link to .*, outside the root/],
  ['/cgi-bin/report.pl/a%2Fb', 'GET', 400, /the path has an encoded slash/],
  ['/cgi-bin/report.pl/%00', 'GET', 400, /the path has an invalid escape or byte/],
  ['/cgi-bin/../cgi-bin/report.pl', 'GET', 400, /the path has a dot segment/],
  ['/cgi-bin/report.pl', 'TRACE', 405, /GET, HEAD, POST/],
  ['/cgi-bin/report.pl', 'PROPOUND', 400, /the server does not know the method/],
]

void t.test(
  'a request that would be refused shows the reason, and runs nothing',
  perl,
  async (t) => {
    const server = await serve(t, createReportingSite(t))
    for (const [url, method, status, says] of REFUSED) {
      const page = await inspect(server, url, method)
      assert.equal(page.status, 200)
      const text = toText(page.text)
      assert.match(
        text,
        url === '/cgi-bin/none.pl' ? /No script\s/ : new RegExp(`${status} [A-Z]`),
        url,
      )
      assert.match(text, /Nothing would be run: /)
      assert.match(text, says)
      assert.doesNotMatch(text, /GATEWAY_INTERFACE/)
      const answer = await send(server.port, url, { method })
      assert.equal(answer.status, status, `${method} ${url}`)
    }
  },
)

void t.test('a request without a script is shown as one for a file', perl, async (t) => {
  const server = await serve(t, createReportingSite(t))
  for (const url of ['/', '/index.html', '/cgi-bind/a', '/CGI-BIN/report.pl', '*']) {
    assert.match(toText((await inspect(server, url)).text), /no gateway has this URL/, url)
  }
})

void t.test('the settings of the command are in what is shown', perl, async (t) => {
  const folder = createReportingSite(t)
  const program = path.join(folder, 'cgi-bin/report.pl')
  const flags = ['--script', `/tree=${program}`, '--env', 'API_TOKEN=<secret>', '--cwd', '/']
  const server = await serve(t, folder, ...flags, '--interpreter', '.txt=/bin/cat')
  const page = await inspect(server, '/tree/a/b')
  const shown = environmentOf(page)
  for (const variable of ['SCRIPT_NAME=/tree', 'PATH_INFO=/a/b', 'API_TOKEN=<secret>']) {
    assert.ok(shown.includes(variable), variable)
  }
  assert.match(toText(page.text), /Working folder\/\s/)
  const { text } = await inspect(server, '/cgi-bin/notes.txt')
  assert.match(toText(text), /Command line\/bin\/cat \/\S+\/cgi-bin\/notes\.txt\s/)
})

void t.test('a URL can be given as a browser shows it', perl, async (t) => {
  const server = await serve(t, createReportingSite(t))
  for (const url of [
    `${server.url}cgi-bin/report.pl/é x?q#fragment`,
    ' cgi-bin/report.pl/%C3%A9%20x?q',
    'https://example.org/cgi-bin/report.pl/é%20x?q',
  ]) {
    const shown = environmentOf(await inspect(server, url, 'get'))
    assert.ok(shown.includes('REQUEST_URI=/cgi-bin/report.pl/%C3%A9%20x?q'), url)
    assert.ok(shown.includes('PATH_INFO=/é x'))
    assert.ok(shown.includes('REQUEST_METHOD=GET'))
  }
  const empty = await send(server.port, '/.common-gateway/inspect')
  assert.match(toText(empty.text), /Scripts have URLs below \/cgi-bin\/, \/htbin\/\./)
})

void t.test('nothing of what is asked for is HTML of the page', perl, async (t) => {
  const server = await serve(t, createReportingSite(t))
  for (const url of [
    '"><script>alert(1)</script>',
    '/cgi-bin/report.pl/"><script>',
    "/'<script>",
  ]) {
    const { text } = await inspect(server, url, '"><script>')
    assert.equal(text.match(/<script/g)?.length, 1)
  }
})

const VALUES = {
  PATH: '/usr/bin:/bin',
  EMPTY: '',
  QUOTES: `it's "so" \`date\` $HOME \\n !!`,
  LINES: 'one\ntwo\n',
  CONTROLS: 'a\tb\x1b[2J\x01\x7f',
  TEXT: Buffer.from('Zoë – 日本 \u202e\u200d').toString('latin1'),
  BYTES: 'caf\xe9 \xff\n\xfe',
  '-x': 'an option',
  'a name': 'with a blank',
}

for (const shell of ['/bin/sh', '/bin/bash']) {
  const options = perl.skip === false && shell === '/bin/bash' ? bash : perl
  void t.test(`a shell line runs a program as it would be run: ${shell}`, options, async () => {
    const folder = `${root}/it's a folder`
    for (const name of ['report.pl', 'a=b.pl']) {
      const file = writeProgram(folder, name, REPORT)
      const command = [file, 'an argument', '*', '']
      const line = createShellLine({ command, cwd: folder, environment: VALUES, hasInput: false })
      const output = execFileSync(shell, ['-c', line], { input: '', encoding: 'latin1' })
      const variables = Object.entries(VALUES).map(([variable, value]) => `${variable}=${value}`)
      const expected = [folder, ...command.slice(1), ...variables.toSorted(), '']
      assert.deepEqual(output.split('\0'), expected)
    }
  })
}

const root = createTemporaryFolder(t)
