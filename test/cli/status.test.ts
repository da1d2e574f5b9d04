import assert from 'node:assert/strict'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { connect } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { fileURLToPath } from 'node:url'
import { chunksOf, exchange, fields, open, type Receiving, send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve, type ServedFolder } from './served-folder.js'

const PAGE = '/.common-gateway/'

const SITE = {
  'index.html': 'text',
  'cgi-bin/hello.sh': '#!/bin/sh\necho Content-Type: text/plain\necho\necho hello\n',
  'cgi-bin/fail.sh': '#!/bin/sh\necho "<script>it went wrong</script>" >&2\nexit 3\n',
  'cgi-bin/nph-raw.sh': '#!/bin/sh\nprintf "HTTP/1.0 200 OK\\r\\n\\r\\nraw"\n',
}

async function start(t: Test, ...args: string[]): Promise<ServedFolder> {
  return serve(t, createSite(t, SITE), ...args)
}

/** An update, as the page gets it. */
interface Update {
  readonly cursor: string
  readonly isWhole: boolean
  readonly rows: string
  readonly parts: Readonly<Record<string, string>>
}

/** A page that listens. */
class Listener {
  readonly #receiving: Receiving
  readonly #next: () => Promise<string | null>
  #text = ''

  constructor(receiving: Receiving) {
    this.#receiving = receiving
    this.#next = chunksOf(receiving)
  }

  /** The next update that fits; null where the stream ends before. */
  async update(fits: (update: Update) => boolean = () => true): Promise<Update | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end === -1) {
        const chunk = await this.#next()
        if (chunk === null) return null
        this.#text += chunk
        continue
      }
      const [, data] = /^data: (.*)$/s.exec(this.#text.slice(0, end)) ?? []
      this.#text = this.#text.slice(end + 2)
      if (data === undefined) continue
      const update = JSON.parse(data) as Update
      if (fits(update)) return update
    }
  }

  close(): void {
    this.#receiving.destroy()
  }
}

async function listen(server: ServedFolder, cursor = ''): Promise<Listener> {
  const receiving = await open(server.port, `${PAGE}events?after=${cursor}`)
  assert.equal(receiving.statusCode, 200)
  assert.match(receiving.headers['content-type'] ?? '', /^text\/event-stream/)
  return new Listener(receiving)
}

void t.test(
  'the status page is one document, small, that needs nothing else',
  NO_HANG,
  async (t) => {
    const server = await start(t)
    for (const url of [PAGE, `${PAGE}inspect`]) {
      const page = await send(server.port, url)
      assert.equal(page.status, 200)
      assert.deepEqual(page.all('content-type'), ['text/html; charset=utf-8'])
      assert.ok(page.bytes.length < 30_000, `${page.bytes.length} bytes`)
      assert.doesNotMatch(page.text, /\ssrc=|@import|url\(|sourceMappingURL/)
      const links = [...page.text.matchAll(/\shref="([^"]*)"/g)].map(([, link = '']) => link)
      assert.deepEqual(
        links.filter((link) => !link.startsWith('/') && !link.startsWith('data:')),
        [],
      )
      const [policy = ''] = page.all('content-security-policy')
      assert.match(policy, /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; /)
      assert.match(policy, /frame-ancestors 'none'/)
      assert.doesNotMatch(policy, /unsafe|\*/)
      assert.deepEqual(page.all('cache-control'), ['no-store'])
      assert.deepEqual(page.all('x-content-type-options'), ['nosniff'])
      assert.deepEqual(page.all('cross-origin-resource-policy'), ['same-origin'])
      assert.deepEqual(page.all('access-control-allow-origin'), [])
    }
    assert.equal((await send(server.port, PAGE, { method: 'HEAD' })).status, 200)
    assert.equal((await send(server.port, '/.common-gateway')).status, 200)
    for (const name of ['page.css', 'x']) {
      assert.equal((await send(server.port, PAGE + name)).status, 404, name)
    }
    assert.equal((await send(server.port, PAGE, { method: 'POST', body: 'x' })).status, 404)
  },
)

void t.test('a URL of thousands of characters makes no large page of it', NO_HANG, async (t) => {
  const server = await start(t)
  const before = (await send(server.port, PAGE)).bytes.length
  const listener = await listen(server)
  await listener.update()
  await send(server.port, `/${"'".repeat(15_000)}`)
  const update = await listener.update(({ rows }) => rows !== '')
  listener.close()
  assert.match(update?.rows ?? '', /\/(?:&#39;){999}[^<&]+<\/code>/)
  assert.match(update?.rows ?? '', /The URL is 14,001 characters longer than this/)
  assert.doesNotMatch(update?.rows ?? '', /\/inspect\?/)
  assert.ok((await send(server.port, PAGE)).bytes.length < before + 10_000)
})

void t.test(
  'it is refused under other names, through proxies and to other sites',
  NO_HANG,
  async (t) => {
    const server = await start(t)
    const ask = async (name: string, ...lines: string[]): Promise<number> => {
      const answer = await send(server.port, PAGE + name, { headers: fields(...lines) })
      if (answer.status !== 200) assert.doesNotMatch(answer.text, /cgi-bin|<html/)
      return answer.status
    }
    for (const name of ['', 'inspect?url=/cgi-bin/hello.sh', 'events']) {
      assert.equal(await ask(name, `Host: rebound.example:${server.port}`), 403)
      assert.equal(await ask(name, 'Host: localhost', 'X-Forwarded-For: 127.0.0.1'), 404)
      const other = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors']
      assert.equal(await ask(name, 'Host: localhost', 'Origin: https://example.org', ...other), 403)
    }
    assert.equal(await ask('', `Host: localhost:${server.port}`), 200)
    assert.match(await exchange(server.port, `GET ${PAGE} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.\d 403 /)
    // Who is turned away is seen.
    await server.outputs(/GET +\/\.common-gateway\/ +403 /)
  },
)

void t.test('there is none with --no-status, and none in production', NO_HANG, async (t) => {
  const servers = [await start(t, '--no-status')]
  process.env['NODE_ENV'] = 'production'
  servers.push(await start(t).finally(() => delete process.env['NODE_ENV']))
  for (const server of servers) {
    for (const name of ['', 'inspect', 'events']) {
      assert.equal((await send(server.port, PAGE + name)).status, 404)
    }
    await server.outputs(/GET +\/\.common-gateway\/events +404/)
    assert.doesNotMatch(server.output, /Status/)
  }
})

void t.test('over TLS, and in HTTP/2, it is the same', NO_HANG, async (t) => {
  const folder = fileURLToPath(new URL('../../fixtures/tls', import.meta.url))
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => path.join(folder, name))
  const server = await start(t, '--tls-cert', certificate ?? '', '--tls-key', key ?? '')
  for (const httpVersion of [1, 2] as const) {
    const peer = { port: server.port, scheme: 'https', httpVersion } as const
    const page = await send(peer, `${PAGE}inspect?url=/cgi-bin/hello.sh`)
    assert.equal(page.status, 200)
    assert.match(page.text, />HTTPS<\/th><td>on</)
    const listener = new Listener(await open(peer, `${PAGE}events`))
    await send(peer, `/cgi-bin/hello.sh/${httpVersion}`)
    const seen = await listener.update(({ rows }) => rows.includes(`hello.sh/${httpVersion}`))
    assert.ok(seen)
    listener.close()
    const host = ['Host', 'rebound.example']
    assert.equal((await send(peer, PAGE, { headers: host })).status, 403)
  }
})

const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
const network = { ...NO_HANG, skip: address === undefined && 'this machine has no network' }

void t.test('to other machines there is no status page', network, async (t) => {
  const server = await start(t, '--bind', '0.0.0.0')
  for (const host of ['localhost', address]) {
    const socket = connect(server.port, address)
    await once(socket, 'connect')
    socket.write(`GET ${PAGE} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 404 Not Found\r\n/)
  }
  assert.equal((await send(server.port, PAGE)).status, 200)
})

void t.test(
  'a page receives each request, and after a pause those that it has missed',
  NO_HANG,
  async (t) => {
    const server = await start(t)
    const page = await send(server.port, PAGE)
    const [, cursor = ''] = /data-cursor="([^"]+)"/.exec(page.text) ?? []
    const listener = await listen(server, cursor)
    const first = await listener.update()
    assert.equal(first?.isWhole, false)
    assert.equal(first.rows, '')
    // Nothing of the page itself is a request of the site.
    assert.match(first.parts['totals'] ?? '', /Requests<\/dt><dd><b>0<\/b>/)

    await send(server.port, '/cgi-bin/hello.sh/more?name=value')
    const second = await listener.update(({ rows }) => rows !== '')
    assert.match(second?.rows ?? '', /class="row done script"/)
    assert.match(second?.rows ?? '', /\/cgi-bin\/hello\.sh\/more\?name=value/)
    listener.close()

    await send(server.port, '/cgi-bin/fail.sh')
    await send(server.port, '/cgi-bin/nph-raw.sh')
    await send(server.port, '/none?<script>')
    await server.outputs(/none/)
    const later = await (await listen(server, second?.cursor)).update()
    assert.equal(later?.isWhole, false)
    const rows = later.rows.match(/<li id="r\d+" class="[^"]*"/g)
    assert.deepEqual(rows, [
      '<li id="r4" class="row done"',
      '<li id="r3" class="row done script"',
      '<li id="r2" class="row failed script"',
    ])
    assert.match(later.rows, /exit code 3|Exit code<\/dt><dd>3/)
    assert.match(later.rows, /&lt;script&gt;it went wrong&lt;\/script&gt;/)
    assert.doesNotMatch(later.rows, /<script/)

    const anew = await (await listen(server, 'another.2')).update()
    assert.equal(anew?.isWhole, true)
    assert.equal(anew.rows.match(/<li /g)?.length, 4)
  },
)

void t.test('twenty pages can listen, and one more when one of them leaves', NO_HANG, async (t) => {
  const server = await start(t)
  const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => listen(server)))
  const refused = await send(server.port, `${PAGE}events`)
  assert.equal(refused.status, 503)
  first?.close()
  for (;;) {
    const receiving = await open(server.port, `${PAGE}events`)
    others.push(new Listener(receiving))
    if (receiving.statusCode === 200) break
  }
  for (const each of others) each.close()
})

void t.test('a server that is stopped ends the streams of its pages', NO_HANG, async (t) => {
  const server = await start(t)
  const listener = await listen(server)
  await listener.update()
  const stopped = performance.now()
  const stopping = server.stop()
  assert.equal(await listener.update(), null)
  await stopping
  assert.ok(performance.now() - stopped < 5_000)
})
