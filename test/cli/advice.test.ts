import assert from 'node:assert/strict'
import { chmodSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve, serveArguments } from './served-folder.js'

/** An interpreter that tells its name and what it was given. */
const interpreter = (name: string): string => `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n${name} %s' "$(basename "$1")"
`
const OWN = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nits own line"\n'
const EXTENSIONS = ['.py', '.pl', '.php', '.rb', '.sh', '.js']
const HTML = { headers: ['Accept', 'text/html'] }

/** Makes a folder of these programs the only one in which programs are looked up, during the test. */
function setPath(t: Test, programs: Readonly<Record<string, string>>): void {
  const { PATH } = process.env
  const folder = createSite(t, programs)
  for (const name of Object.keys(programs)) chmodSync(path.join(folder, name), 0o755)
  symlinkSync('/usr/bin/basename', path.join(folder, 'basename'))
  process.env['PATH'] = folder
  t.after(() => {
    process.env['PATH'] = PATH
  })
}

/** Makes scripts without execute permission. */
function createPlainSite(t: Test, scripts: Readonly<Record<string, string>>): string {
  const files = Object.entries(scripts).map(([name, text]) => [`cgi-bin/${name}`, text] as const)
  const folder = createSite(t, Object.fromEntries(files))
  for (const [name] of files) chmodSync(path.join(folder, name), 0o644)
  return folder
}

const literal = (text: string): RegExp => {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
}

const unescape = (html: string): string => {
  return html.replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&')
}

void t.test(
  'what is not executable runs by the interpreter of its extension, and the rest by its own line',
  NO_HANG,
  async (t) => {
    // Processes of php-cgi stay: see fastcgi.test.ts.
    const names = ['python3', 'perl', 'ruby', 'sh']
    const extensions = EXTENSIONS.filter((extension) => extension !== '.php')
    setPath(t, Object.fromEntries(names.map((name) => [name, interpreter(name)])))
    const folder = createPlainSite(t, {
      ...Object.fromEntries(extensions.map((extension) => [`plain${extension}`, '#'])),
      'plain.js': `console.log('Content-Type: text/plain\\n\\nnode')`,
      'own.py': OWN,
    })
    chmodSync(path.join(folder, 'cgi-bin/own.py'), 0o755)
    const { port } = await serve(t, folder)
    const answers = extensions.map(async (each) => send(port, `/cgi-bin/plain${each}`))
    assert.deepEqual(
      (await Promise.all(answers)).map(({ text }) => text),
      ['python3 plain.py', 'perl plain.pl', 'ruby plain.rb', 'sh plain.sh', 'node\n'],
    )
    assert.equal((await send(port, '/cgi-bin/own.py')).text, 'its own line')

    // Whoever names an interpreter means it, for executable scripts too.
    const named = await serve(t, folder, '--interpreter', '.py=perl')
    for (const name of ['own.py', 'plain.py']) {
      assert.equal((await send(named.port, `/cgi-bin/${name}`)).text, `perl ${name}`)
    }
  },
)

void t.test(
  'a script that cannot be run says what to type: on the page, in the log, at the start',
  NO_HANG,
  async (t) => {
    setPath(t, { sh: '#!/bin/sh\n' })
    const folder = createPlainSite(t, {
      'ready.cgi': OWN,
      'new.cgi': 'print 1',
      'form.php': '<?php',
      'form.rb': `#!/usr/bin/env ruby\n`,
      "it's odd.cgi": OWN,
      'no-line.py': 'print()',
      'no-line.sh': 'echo',
      'mark.cgi': `\ufeff${OWN}`,
    })
    for (const name of ['no-line.py', 'no-line.sh', 'mark.cgi']) {
      chmodSync(path.join(folder, 'cgi-bin', name), 0o755)
    }
    const install = (name: string, extension: string): string =>
      `Install ${name}, which runs ${extension} files (Debian: sudo apt-get install ${name})`
    const line = 'Add a first line that names its interpreter, such as #!'
    const cases: [name: string, status: number, hint: string, brief: string][] = [
      [
        'ready.cgi',
        403,
        'Make it executable: chmod +x cgi-bin/ready.cgi',
        'not executable: chmod +x cgi-bin/ready.cgi',
      ],
      [
        'new.cgi',
        403,
        'Make it executable (chmod +x cgi-bin/new.cgi), with a first line such as #!/bin/sh; or set its ' +
          'interpreter: --interpreter .cgi=PROGRAM',
        'not executable: chmod +x cgi-bin/new.cgi',
      ],
      ['form.php', 403, install('php-cgi', '.php'), 'needs php-cgi: sudo apt-get install php-cgi'],
      [
        'form.rb',
        403,
        `${install('ruby', '.rb')}; or make it executable: chmod +x cgi-bin/form.rb`,
        'needs ruby: sudo apt-get install ruby',
      ],
      [
        "it's odd.cgi",
        403,
        String.raw`Make it executable: chmod +x 'cgi-bin/it'\''s odd.cgi'`,
        String.raw`not executable: chmod +x 'cgi-bin/it'\''s odd.cgi'`,
      ],
      [
        'no-line.py',
        500,
        `${line}/usr/bin/env python3`,
        'has no first line such as #!/usr/bin/env python3',
      ],
      [
        'no-line.sh',
        500,
        `${line}/usr/bin/env sh; or chmod -x cgi-bin/no-line.sh, since sh runs .sh files by default`,
        'has no first line such as #!/usr/bin/env sh',
      ],
      ['mark.cgi', 500, `${line}/bin/sh`, 'has no first line such as #!/bin/sh'],
    ]
    // Names are as one would type them where the command was started.
    const command = await serveArguments(t, ['0'], { cwd: folder })
    await command.outputs(/and 3 more$/)
    const { port } = command
    const listing = unescape((await send(port, '/cgi-bin/', HTML)).text)
    const problems = cases.toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [index, [name, , , brief]] of problems.entries()) {
      assert.equal(command.output.includes(`    cgi-bin/${name}: ${brief}\n`), index < 5, name)
    }
    for (const [name, status, hint] of cases) {
      const answer = await send(port, `/cgi-bin/${encodeURIComponent(name)}`, HTML)
      assert.equal(answer.status, status, name)
      const text = unescape(answer.text.replace(/<\/?code>/g, ''))
      assert.ok(text.includes(`${hint}</`), `${hint} is in ${answer.text}`)
      assert.ok(listing.includes(`${hint}</span>`), `${hint} is in ${listing}`)
      assert.match(unescape(answer.text), /you are at the machine that the server runs on/)
      const query = new URLSearchParams({ url: `/cgi-bin/${encodeURIComponent(name)}` }).toString()
      const inspection = await send(port, `/.common-gateway/inspect?${query}`)
      assert.match(unescape(inspection.text), literal(hint))
      await command.outputs(literal(`. ${hint}`))
    }
    const json = await send(port, '/cgi-bin/new.cgi', { headers: ['Accept', 'application/json'] })
    const { hint } = JSON.parse(json.text) as { hint: string }
    assert.equal(hint, cases[1]?.[2])
    // Somebody elsewhere learns no more than the status.
    const proxied = { headers: ['Accept', 'text/html', 'X-Forwarded-For', '192.0.2.1'] }
    // A page of another site whose name leads here would read it.
    const rebound = { headers: ['Accept', 'text/html', 'Host', 'evil.example'] }
    for (const others of [proxied, rebound]) {
      assert.equal((await send(port, '/cgi-bin/new.cgi', others)).text, '403 Forbidden\n')
      assert.equal((await send(port, '/cgi-bin/', others)).status, 404)
    }
  },
)

void t.test('no advice suggests to run a data file as a script', NO_HANG, async (t) => {
  const data = ['lightsquid.cfg', 'README', 'repo.fossil', 'cgicc.cpp', 'NMZ.warnlog', 'a.json']
  const files = data.map((name) => [name, name === 'repo.fossil' ? 'SQLite format 3\0' : 'text'])
  const folder = createPlainSite(t, Object.fromEntries(files) as Record<string, string>)
  const command = await serve(t, folder)
  const { text } = await send(command.port, '/cgi-bin/', HTML)
  assert.doesNotMatch(command.output + text, /cannot be run/)
  for (const name of data) {
    assert.ok(text.includes(`<span>${name}</span><span class="fact">data</span>`), text)
    const answer = await send(command.port, `/cgi-bin/${name}`, HTML)
    assert.equal(answer.status, 403)
    assert.match(answer.text, /It looks like data for scripts, so it is not sent\./)
    assert.doesNotMatch(answer.text, /chmod|--interpreter/)
  }
  assert.doesNotMatch(command.output + text, /chmod/)
})

void t.test(
  'a URL with a typing error leads to a page for the person at the machine',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/hello.py': OWN,
      'cgi-bin/<b>&.sh': OWN,
      'cgi-bin/deep/other.sh': OWN,
      'page.html': 'page',
      'notes/index.html': 'notes',
    })
    const { port } = await serve(t, folder)
    const linksOf = async (url: string): Promise<string[]> => {
      const answer = await send(port, url, HTML)
      assert.equal(answer.status, 404)
      assert.match(answer.all('content-security-policy').join(), /^default-src 'none'/)
      assert.doesNotMatch(answer.text, /<b>|<script/)
      assert.match(answer.text, /you are at the machine that the server runs on/)
      return [...answer.text.matchAll(/ href="(\/[^"]*)"/g)].map(([, href = '']) => href)
    }
    const inspect = (url: string): string => {
      return `/.common-gateway/inspect?url=${encodeURIComponent(url)}`
    }
    const cases: [url: string, ...links: string[]][] = [
      ['/cgi-bin/helo.py', '/cgi-bin/', '/cgi-bin/hello.py'],
      ['/cgi-bin/HELLO.PY?a=b', '/cgi-bin/', '/cgi-bin/hello.py'],
      ['/cgi-bin/hello', '/cgi-bin/', '/cgi-bin/hello.py'],
      ['/cgi-bin/%3Cb%3E%26.s', '/cgi-bin/', '/cgi-bin/%3Cb%3E%26.sh'],
      ['/cgi-bin/deep/othr.sh/more', '/cgi-bin/deep/', '/cgi-bin/deep/other.sh'],
      ['/cgi-bin/%3Cscript%3E', '/cgi-bin/'],
      ['/cgi-bni/hello.py', '/', '/cgi-bin/'],
      ['/pgae.html', '/', '/page.html'],
      ['/note/', '/', '/notes/'],
      [`/cgi-bin/${'x'.repeat(300)}`],
    ]
    for (const [url, ...links] of cases) {
      const [urlPath = ''] = url.split('?')
      if (links.length > 0) assert.deepEqual(await linksOf(url), [...links, inspect(urlPath)], url)
      const plain = [[], ['Accept', 'text/html', 'X-Forwarded-For', '192.0.2.1']]
      plain.push(['Accept', 'text/html', 'Host', 'evil.example'])
      for (const headers of plain) {
        const answer = await send(port, url, { headers })
        assert.deepEqual([answer.status, answer.text], [404, '404 Not Found\n'], url)
      }
    }
  },
)

void t.test(
  'the log says what a script misses that worked with Python’s server',
  NO_HANG,
  async (t) => {
    process.env['OF_THE_SHELL'] = 'here'
    t.after(() => delete process.env['OF_THE_SHELL'])
    const fails = (text: string): string => `#!/bin/sh\necho "${text}" >&2\nexit 1\n`
    const folder = createSite(t, {
      'notes.txt': 'some notes',
      'cgi-bin/notes.sh': `#!/bin/sh\nset -e\ntext=$(cat notes.txt)\nprintf 'A: b\\n\\n%s' "$text"\n`,
      'cgi-bin/cookie.sh': fails("KeyError: 'HTTP_COOKIE'"),
      'cgi-bin/shell.sh': fails("KeyError: 'OF_THE_SHELL'"),
      'cgi-bin/other.sh': fails("KeyError: 'NO_SUCH_VARIABLE'"),
    })
    const { port } = await serve(t, folder)
    const cases: [name: string, hint: RegExp][] = [
      ['notes.sh', /A script runs in its own folder\. .+ --cwd \. does the same\./],
      ['cookie.sh', /This request has no HTTP_COOKIE\. .+ os\.environ\.get\('HTTP_COOKIE', ''\)/],
      ['shell.sh', /Scripts do not get the variables of your shell: --env OF_THE_SHELL passes/],
      ['other.sh', /^(?![^]*(?:Scripts do not get|This request has no))/],
    ]
    for (const [name, hint] of cases) {
      const answer = await send(port, `/cgi-bin/${name}`, HTML)
      assert.equal(answer.status, 502)
      assert.match(unescape(answer.text.replace(/<\/?code>/g, '')), hint)
    }
    const there = await serve(t, folder, '--cwd', folder)
    assert.equal((await send(there.port, '/cgi-bin/notes.sh')).text, 'some notes')
  },
)
