import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { CHROMIUM, openPage } from '../support/browser.js'
import { serveByCommand } from './command.js'
import { needs } from './program.js'
import { createSite } from './site.js'

const PERL = `#!/usr/bin/perl
print "Content-Type: text/html\\n\\n";
print "<h1>Hello from Perl</h1>";
`
const PYTHON = `#!/usr/bin/env python3
print("Content-Type: text/html")
print()
print("<h1>Hello from Python</h1>")
`
const FORBIDDEN = `#!/usr/bin/env python3
print("Status: 403 Forbidden")
print("Content-Type: text/html")
print()
print("<h1>Members only</h1>")
`
const MOVED = `#!/usr/bin/perl
print "Status: 303 See Other\\nLocation: /cgi-bin/hello.py\\n\\n";
`
const COUNT = `#!/usr/bin/env python3
print("Content-Type: text/html")
print()
print("<h1>Counted</h1>")
`
const FAILING = `#!/usr/bin/env python3
total = 10 / 0
print("Content-Type: text/html")
print()
print(f"<h1>{total}</h1>")
`

/** All three are needed; the first that is missing is the reason to skip. */
const options = [CHROMIUM, 'perl', 'python3'].map(needs).reduce((one, other) => {
  return one.skip === false ? other : one
})

void t.test(
  'the first minutes: from an empty folder to scripts that answer and that fail',
  options,
  async (t) => {
    const folder = createSite(t, {})
    const server = await serveByCommand(t, folder)
    await server.outputs(/^ {2}Scripts {2}none yet; programs that you put in cgi-bin are run$/)
    const page = await openPage(t, 1280)
    const heading = page.locator('h1')
    const write = (name: string, text: string): void => {
      writeFileSync(path.join(folder, 'cgi-bin', name), text)
    }
    const open = async (name: string): Promise<number | undefined> => {
      return (await page.goto(`${server.url}cgi-bin/${name}`))?.status()
    }

    await page.goto(server.url)
    await page.getByText('This folder is empty.').waitFor()

    // Nobody has made them executable, nor started anything again.
    mkdirSync(path.join(folder, 'cgi-bin'))
    write('hello.pl', PERL)
    write('hello.py', PYTHON)
    for (const [name, text] of [
      ['hello.pl', 'Hello from Perl'],
      ['hello.py', 'Hello from Python'],
    ] as const) {
      await page.goto(server.url)
      await page.getByRole('link', { name: 'cgi-bin/' }).click()
      await page.getByRole('link', { name }).click()
      await page.waitForURL(`**/${name}`)
      assert.equal(await heading.textContent(), text)
    }

    write('forbidden.py', FORBIDDEN)
    assert.equal(await open('forbidden.py'), 403)
    assert.equal(await heading.textContent(), 'Members only')
    await server.outputs(/ GET +\/cgi-bin\/forbidden\.py +403 +cgi-bin\/forbidden\.py\[\d+\] /)

    write('moved.pl', MOVED)
    assert.equal(await open('moved.pl'), 200)
    assert.equal(page.url(), `${server.url}cgi-bin/hello.py`)
    assert.equal(await heading.textContent(), 'Hello from Python')
    await server.outputs(/ GET +\/cgi-bin\/moved\.pl +303 /)

    write('count', COUNT)
    assert.equal(await open('count'), 403)
    const advice = await page.getByText('chmod +x').textContent()
    const command = /chmod \+x \S+/.exec(advice ?? '')?.[0] ?? ''
    execFileSync('sh', ['-c', command])
    await page.reload()
    assert.equal(await heading.textContent(), 'Counted')

    write('total.py', FAILING)
    assert.equal(await open('total.py'), 502)
    await page.getByText('ZeroDivisionError: division by zero').first().waitFor()
    await server.outputs(/^ {4}Traceback \(most recent call last\):$/)
    await server.outputs(/^ {4}ZeroDivisionError: division by zero$/)
    write('total.py', FAILING.replace('/ 0', '/ 4'))
    await page.reload()
    assert.equal(await heading.textContent(), '2.5')
  },
)
