import { strict as assert } from 'node:assert'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createContext, runInContext } from 'node:vm'
import t from 'tap'
import { createClientAddress } from '@internal/cli/access/client-address.js'
import { RequestJournal } from '@internal/cli/journal/request-journal.js'
import { FileWatch } from '@internal/cli/reload/file-watch.js'
import { SCRIPT } from '@internal/cli/reload/page-script.js'
import { ScriptChanges } from '@internal/cli/reload/script-changes.js'
import { send } from '../support/client.js'
import { until } from '../support/processes.js'
import { NO_HANG } from './command.js'
import { serve } from './served-folder.js'
import { createSite } from './site.js'

const SITE = {
  'page.html': '<h1>Page</h1>\n',
  'note.txt': 'note\n',
  'cgi-bin/page.sh': "#!/bin/sh\nprintf 'Content-Type: text/html\\n\\n<h1>Script</h1>'\n",
  'cgi-bin/broken.sh': '#!/bin/sh\nexit 3\n',
  'cgi-bin/strict.sh': `#!/bin/sh\nprintf 'Content-Type: text/html\\nContent-Security-Policy: %s\\n\\n<h1>Script</h1>' "default-src 'none'; script-src 'nonce-1'"\n`,
  'cgi-bin/counter.sh':
    "#!/bin/sh\necho 1 >> ../counter\nprintf 'Content-Type: text/html\\n\\ncounted'\n",
}
const ELEMENT = '<script src="/.common-gateway/reload.js"></script>\n'
const BROWSER = { accept: 'text/html,*/*' }

void t.test('CMD-35 --watch adds a script to pages in a browser', NO_HANG, async (t) => {
  const { url } = await serve(t, createSite(t, SITE), '--watch')
  const get = async (name: string, headers: Record<string, string> = BROWSER): Promise<string> => {
    const answer = await fetch(`${url}${name}`, { headers })
    const text = await answer.text()
    const length = answer.headers.get('content-length')
    if (length !== null) assert.equal(Number(length), Buffer.byteLength(text))
    return text
  }
  assert.equal(await get('page.html'), `<h1>Page</h1>\n${ELEMENT}`)
  assert.equal(await get('cgi-bin/page.sh'), `<h1>Script</h1>${ELEMENT}`)
  assert.ok((await get('missing')).endsWith(ELEMENT))
  assert.equal(await get('page.html', {}), '<h1>Page</h1>\n')
  assert.equal(await get('page.html', { ...BROWSER, 'x-forwarded-for': '::1' }), '<h1>Page</h1>\n')
  assert.equal(await get('note.txt'), 'note\n')
  // A browser may have got the page before, without the script.
  const etag = (await fetch(`${url}page.html`, { method: 'HEAD' })).headers.get('etag') ?? ''
  // Else fetch() adds `no-cache`.
  const kept = { 'if-none-match': etag, 'cache-control': 'max-age=0' }
  const again = await get('page.html', { ...BROWSER, ...kept })
  assert.equal(again, `<h1>Page</h1>\n${ELEMENT}`)
  const own = await fetch(`${url}page.html`, { headers: kept })
  assert.equal(own.status, 304)
  assert.match(await get('.common-gateway/reload.js'), /new EventSource/)
})

void t.test('CMD-35 the pages of errors allow the script of --watch', NO_HANG, async (t) => {
  const { url } = await serve(t, createSite(t, SITE), '--watch')
  const policyOf = async (name: string): Promise<string | null> => {
    const answer = await fetch(`${url}${name}`, { headers: BROWSER })
    assert.equal((await answer.text()).includes(ELEMENT), true, name)
    return answer.headers.get('content-security-policy')
  }
  for (const name of ['missing', 'cgi-bin/broken.sh']) {
    const policy = await policyOf(name)
    assert.match(
      policy ?? '',
      /^default-src 'none';.*; script-src 'self'; connect-src 'self'$/,
      name,
    )
  }
  assert.equal(await policyOf('cgi-bin/strict.sh'), "default-src 'none'; script-src 'nonce-1'")
  const without = await serve(t, createSite(t, SITE))
  const answer = await fetch(`${without.url}missing`, { headers: BROWSER })
  assert.doesNotMatch(answer.headers.get('content-security-policy') ?? '', /script-src/)
})

void t.test('CMD-36 --watch reports a change, but not one of a script', NO_HANG, async (t) => {
  const folder = createSite(t, SITE)
  const { url } = await serve(t, folder, '--watch')
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const { body } = await fetch(`${url}.common-gateway/reload`, { signal: leaving.signal })
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  const first = (await reader?.read())?.value ?? ''
  assert.match(first, /^data: \d+\n\n$/)
  let changes = 0
  const next = reader?.read().then(({ value }) => {
    changes += 1
    return value
  })
  assert.equal(await (await fetch(`${url}cgi-bin/counter.sh`)).text(), 'counted')
  // Longer than a change needs to settle.
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(changes, 0)
  writeFileSync(path.join(folder, 'page.html'), '<h1>New</h1>\n')
  const last = (await next) ?? ''
  assert.match(last, /^data: \d+\n\n$/)
  assert.notEqual(last, first)
})

void t.test('CMD-36 a page is reloaded while its event stream runs', NO_HANG, async (t) => {
  const stream = `#!/bin/sh
printf 'Content-Type: text/event-stream\\n\\n'
while echo 'data: x' && echo; do echo x >> ../events.log; sleep 0.1; done
`
  const folder = createSite(t, { ...SITE, 'cgi-bin/events.sh': stream })
  const { url } = await serve(t, folder, '--watch')
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const { signal } = leaving
  const { body } = await fetch(`${url}.common-gateway/reload`, { signal })
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  await reader?.read()
  const events = await fetch(`${url}cgi-bin/events.sh`, { signal })
  assert.equal(events.status, 200)
  let isReported = false
  void reader?.read().then(
    () => (isReported = true),
    () => {},
  )
  let saves = 0
  await until(() => {
    writeFileSync(path.join(folder, 'page.html'), `<h1>${(saves += 1)}</h1>\n`)
    return isReported
  }, 'the change of the page is reported')
})

void t.test('CMD-36 an event stream does not hide what a person saves', async (t) => {
  const folder = createSite(t, { 'cgi-bin/own': '#!/bin/sh\n', 'cgi-bin/log': 'data\n' })
  const changes = new ScriptChanges((file) => {
    return file.endsWith('.py') || readFileSync(file, 'latin1').startsWith('#!')
  })
  const isOfScript = (name: string, time: number, ...open: number[]): boolean => {
    const file = path.join(folder, name)
    return changes.isOfScript(
      { file, time },
      open.map((startTime) => ({ startTime, isForPage: false })),
    )
  }
  const saved = ['page.html', 'a.CSS', 'a.mjs', 'README.md', 'cgi-bin/a.py', 'cgi-bin/own']
  const written = ['a.log', 'a.db', 'a.json', 'cgi-bin/log', 'cgi-bin/gone']
  for (const name of [...saved, ...written]) {
    assert.equal(isOfScript(name, 1_000_000), false, name)
    // The beginning of a script, and a little before, since files are dated by a clock of their own.
    for (const time of [1_000_000, 999_995, 1_004_000]) {
      assert.equal(isOfScript(name, time, 1_000_000), true, name)
    }
  }
  for (const name of saved) assert.equal(isOfScript(name, 1_006_000, 1_000_000), false, name)
  for (const name of written) assert.equal(isOfScript(name, 1_006_000, 1_000_000), true, name)
  // Another script beside the stream, which has just begun.
  for (const name of saved) assert.equal(isOfScript(name, 1_006_000, 1_000_000, 1_005_900), true)
  changes.add({ startTime: 2_000_000, isForPage: false }, 2_100_000)
  for (const [name, time, expected] of [
    ['page.html', 2_000_010, true],
    ['page.html', 2_050_000, false],
    ['a.log', 2_050_000, true],
    ['a.log', 2_100_050, true],
    ['a.log', 2_100_200, false],
  ] as const) {
    assert.equal(isOfScript(name, time), expected, `${name} ${time}`)
  }
})

void t.test('CMD-36 a slow page may write pages as long as it runs', async () => {
  const changes = new ScriptChanges(() => true)
  const slow = { startTime: 1_000_000, isForPage: true }
  const stream = { startTime: 1_000_000, isForPage: false }
  const change = { file: '/site/page.html', time: 1_060_000 }
  assert.equal(changes.isOfScript(change, [stream]), false)
  assert.equal(changes.isOfScript(change, [stream, slow]), true)
  changes.add(slow, 1_060_000)
  assert.equal(changes.isOfScript(change, [stream]), true)
})

void t.test('CMD-36 a request for a page is known by what it accepts', async (t) => {
  const journal = new RequestJournal(createClientAddress())
  t.after(() => journal.close())
  const seen: boolean[] = []
  const server = createServer((request, response) => {
    journal.watch(request, response)
    seen.push(...[...journal.open].map(({ isForPage }) => isForPage))
    response.end()
  })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  // Browsers', of a page, of an event stream, of fetch().
  for (const accept of ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/event-stream', '*/*']) {
    await send(port, '/', { headers: ['Accept', accept] })
  }
  assert.deepEqual(seen, [true, false, false])
})

void t.test('CMD-36 only a page that can be seen has a connection', async () => {
  const open = new Set<EventSource>()
  class EventSource {
    onmessage: (message: { readonly data: string }) => void = () => {}
    constructor() {
      open.add(this)
    }
    close(): void {
      open.delete(this)
    }
  }
  const document = Object.assign(new EventTarget(), { hidden: false })
  let reloads = 0
  const location = { reload: () => (reloads += 1) }
  const page = createContext({ EventSource, document, location })
  runInContext(`${SCRIPT}; const events = 'its own'`, page)
  const show = (isShown: boolean): void => {
    document.hidden = !isShown
    document.dispatchEvent(new Event('visibilitychange'))
  }
  const say = (data: string): void => open.forEach((events) => events.onmessage({ data }))
  say('1')
  show(false)
  assert.equal(open.size, 0)
  show(true)
  assert.equal(open.size, 1)
  say('1')
  assert.equal(reloads, 0)
  show(false)
  show(true)
  say('2')
  assert.equal(reloads, 1)
})

void t.test('CMD-36 a folder that is made, or made anew, is watched', NO_HANG, async (t) => {
  const folder = createSite(t, { 'page.html': '', 'node_modules/a/index.js': '' })
  const changes = new EventEmitter()
  const files = new FileWatch(
    [folder],
    () => false,
    () => changes.emit('change'),
    (error) => assert.fail(String(error)),
  )
  // The watchers alone do not keep the process.
  const alive = setInterval(() => {}, 60_000)
  t.after(() => {
    clearInterval(alive)
    files.close()
  })
  const expectChange = async (change: () => void): Promise<void> => {
    const changed = once(changes, 'change')
    change()
    await changed
  }
  const inner = path.join(folder, 'new', 'inner')
  for (const round of ['made', 'made anew']) {
    await expectChange(() => mkdirSync(inner, { recursive: true }))
    await expectChange(() => writeFileSync(path.join(inner, 'a.html'), round))
    await expectChange(() => rmSync(path.join(folder, 'new'), { recursive: true }))
  }
  // The site itself, as generators of sites do it.
  await expectChange(() => rmSync(folder, { recursive: true }))
  await expectChange(() => mkdirSync(path.join(folder, 'node_modules', 'a'), { recursive: true }))
  await expectChange(() => writeFileSync(path.join(folder, 'page.html'), 'new'))
  let count = 0
  changes.on('change', () => (count += 1))
  writeFileSync(path.join(folder, 'node_modules', 'a', 'index.js'), 'new')
  // Longer than a change needs to settle.
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(count, 0)
})
