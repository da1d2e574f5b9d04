import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Answer } from '../support/answer.js'
import { open, readUntil, dial, send } from '../support/client.js'
import { childrenOf, until } from '../support/processes.js'
import { DEMO, NO_HANG } from './command.js'
import { needs } from './program.js'
import { serve, type ServedFolder } from './served-folder.js'

const PAGE = readFileSync(path.join(DEMO, 'index.html'), 'utf8')
const FORM = ['Content-Type', 'application/x-www-form-urlencoded']

/** What the page shows of each script, as the browser would show it. */
function snippets(): [script: string, text: string][] {
  const found = PAGE.matchAll(/<pre [^>]*data-script="([^"]+)"><code>([^<]+)<\/code>/g)
  return [...found].map(([, script = '', text = '']) => [script, unescape(text)])
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

/** One file of a form, as a browser sends it. */
function upload(server: ServedFolder, name: string, content: Buffer): Promise<Answer> {
  const head = `--sep\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`
  return send(server.port, '/cgi-bin/upload.pl', {
    method: 'POST',
    headers: ['Content-Type', 'multipart/form-data; boundary=sep'],
    body: Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--sep--\r\n')]),
  })
}

const startDemo = (t: Test): Promise<ServedFolder> => serve(t, DEMO)

void t.test(
  'the page shows lines that are in the scripts, and shows all scripts',
  NO_HANG,
  async () => {
    const shown = snippets()
    for (const [script, text] of shown) {
      const lines = readFileSync(path.join(DEMO, 'cgi-bin', script), 'utf8').split('\n')
      const trimmed = lines.map((line) => line.trim())
      for (const line of text.split('\n')) assert.ok(trimmed.includes(line.trim()), line)
    }
    assert.deepEqual(
      shown.map(([script]) => script).toSorted(),
      readdirSync(path.join(DEMO, 'cgi-bin')).toSorted(),
    )
  },
)

void t.test(
  'everything that the page refers to is there, and nothing is of another site',
  NO_HANG,
  async (t) => {
    const { port } = await startDemo(t)
    const page = await send(port, '/')
    assert.equal(page.status, 200)
    assert.deepEqual(page.bytes, Buffer.from(PAGE))
    const references = [...PAGE.matchAll(/(?:href|src|action)="([^"]+)"/g)].map(
      ([, url = '']) => url,
    )
    assert.ok(references.length > 8)
    for (const url of new Set(references)) {
      assert.match(url, /^\/[^/]/)
      const response = await open(port, unescape(url))
      response.on('error', () => {}).destroy()
      const expected = url.includes('forbidden') ? 403 : url.endsWith('redirect.sh') ? 302 : 200
      assert.equal(response.statusCode, expected, url)
    }
  },
)

void t.test(
  'the form greets, and escapes what it was sent',
  {
    ...needs('python3'),
    ...NO_HANG,
  },
  async (t) => {
    const { port } = await startDemo(t)
    const empty = await send(port, '/cgi-bin/form.py')
    assert.deepEqual([empty.status, empty.all('content-type')], [200, ['text/html; charset=utf-8']])
    assert.match(empty.text, /<form method="post" action="form\.py">/)
    assert.doesNotMatch(empty.text, /Hello/)

    const body = new URLSearchParams({
      name: 'Zoë <b>',
      message: `two "wörds" & 'more'`,
    }).toString()
    const answer = await send(port, '/cgi-bin/form.py', { method: 'POST', headers: FORM, body })
    assert.equal(answer.status, 200)
    const text = answer.bytes.toString('utf8')
    assert.ok(text.includes('Hello, <b>Zoë &lt;b&gt;</b>! You wrote 4 words'), text)
    assert.ok(text.includes('<q>two &quot;wörds&quot; &amp; &#x27;more&#x27;</q>'), text)

    for (const odd of ['', 'name=%FF%00&message=%ZZ', 'ü=\0', '&&&===']) {
      const oddly = await send(port, '/cgi-bin/form.py', {
        method: 'POST',
        headers: FORM,
        body: odd,
      })
      assert.equal(oddly.status, 200, odd)
    }
    const long = { method: 'POST', headers: FORM, body: `name=${'a'.repeat(16 * 1024)}` }
    assert.equal((await send(port, '/cgi-bin/form.py', long)).status, 413)
  },
)

void t.test(
  'the upload is reported with name, size and checksum',
  {
    ...needs('perl'),
    ...NO_HANG,
  },
  async (t) => {
    const server = await startDemo(t)
    const form = await send(server.port, '/cgi-bin/upload.pl')
    assert.match(
      form.text,
      /<form method="post" action="upload\.pl" enctype="multipart\/form-data">/,
    )

    const contents = [randomBytes(300_000), Buffer.from('--se\r\n\r\n--sep\n\r\n'), Buffer.alloc(0)]
    for (const content of contents) {
      const answer = await upload(server, `<Ü> & 'co'.bin`, content)
      assert.equal(answer.status, 200)
      const text = answer.bytes.toString('utf8')
      assert.ok(text.includes('<dd>&lt;Ü&gt; &amp; &#39;co&#39;.bin</dd>'), text)
      assert.ok(text.includes(`<dd>${content.length} bytes</dd>`), text)
      assert.ok(text.includes(createHash('sha256').update(content).digest('hex')), text)
    }
    const none = { method: 'POST', headers: FORM, body: 'file=name' }
    assert.equal((await send(server.port, '/cgi-bin/upload.pl', none)).status, 400)
    assert.equal((await upload(server, '', Buffer.alloc(0))).status, 400)
    assert.equal((await upload(server, 'large', Buffer.alloc(10 * 1024 ** 2))).status, 413)
  },
)

void t.test('the visits are counted in two cookies', NO_HANG, async (t) => {
  const { port } = await startDemo(t)
  let cookies: string[] = []
  for (let visits = 1; visits <= 3; visits += 1) {
    const answer = await send(port, '/cgi-bin/visits.sh', {
      headers: ['Cookie', cookies.join('; ')],
    })
    const fields = answer.all('set-cookie')
    assert.equal(fields.length, 2)
    cookies = fields.map((field) => field.split(';')[0] ?? '')
    assert.equal(cookies[0], `visits=${visits}`)
    assert.match(cookies[1] ?? '', /^last-visit=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.ok(answer.text.includes(`Visits so far: <b>${visits}</b>`), answer.text)
    assert.equal(answer.text.includes('never'), visits === 1)
  }
  const hostile = ['visits=<b>1', 'visits=08; last-visit=<b>Z', 'visits=$(id)', 'xvisits=5', '*']
  for (const cookie of hostile) {
    const answer = await send(port, '/cgi-bin/visits.sh', { headers: ['Cookie', cookie] })
    assert.match(answer.text, /Visits so far: <b>1<\/b>\. The last one before: never\./, cookie)
  }
})

void t.test('one redirect is for the client, the other for the server', NO_HANG, async (t) => {
  const { port } = await startDemo(t)
  const client = await send(port, '/cgi-bin/redirect.sh')
  assert.deepEqual([client.status, client.all('location')], [302, ['/arrived.html']])
  const server = await send(port, '/cgi-bin/redirect.sh?local')
  assert.deepEqual([server.status, server.all('location')], [200, []])
  assert.match(server.text, /<h1>You have arrived<\/h1>/)
})

void t.test('the status line is what the script says', NO_HANG, async (t) => {
  const { port } = await startDemo(t)
  const answer = await send(port, '/cgi-bin/forbidden.sh')
  assert.deepEqual([answer.status, answer.reason], [403, 'Forbidden'])
  assert.deepEqual(answer.all('content-type'), ['application/json'])
  assert.deepEqual(answer.all('status'), [])
  assert.deepEqual(JSON.parse(answer.text), {
    error: 'forbidden',
    message: 'You may not see this.',
  })
})

void t.test('events arrive as they are sent, until the client goes away', NO_HANG, async (t) => {
  const server = await startDemo(t)
  const socket = await dial(server.port)
  t.after(() => socket.destroy())
  socket.write('GET /cgi-bin/events.js HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await readUntil(socket, /id: 2\ndata: \S+Z\n\n/)
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(text, /\r\ncontent-type: text\/event-stream\r\n/i)
  assert.match(text, /id: 1\ndata: \d{4}-\d\d-\d\dT[\d:.]+Z\n\n/)
  assert.equal(childrenOf(process.pid).length, 1)
  socket.destroy()
  await once(socket, 'close')
  await until(() => childrenOf(process.pid).length === 0, 'the script has ended')
})

void t.test('the environment is shown, escaped', NO_HANG, async (t) => {
  const { port } = await startDemo(t)
  const answer = await send(port, '/cgi-bin/environment.sh/some/p%C3%A4th?with=<b>&"', {
    headers: ['X-Odd', '</pre><script>&amp;'],
  })
  assert.equal(answer.status, 200)
  const shown = /<pre[^>]*>\n([^<>]*)<\/pre>/.exec(answer.bytes.toString('utf8'))?.[1] ?? ''
  const lines = unescape(shown).split('\n')
  for (const line of [
    'REQUEST_METHOD=GET',
    'PATH_INFO=/some/päth',
    `PATH_TRANSLATED=${DEMO}/some/päth`,
    `DOCUMENT_ROOT=${DEMO}`,
    'SCRIPT_NAME=/cgi-bin/environment.sh',
    'QUERY_STRING=with=<b>&"',
    'HTTP_X_ODD=</pre><script>&amp;',
    'REMOTE_ADDR=127.0.0.1',
    `SERVER_PORT=${port}`,
  ]) {
    assert.ok(lines.includes(line), `${line} is in ${shown}`)
  }
})
