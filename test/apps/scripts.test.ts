import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { EventSource } from 'undici'
import { type Adapter, adapters } from '../support/adapters.js'
import { FIXTURES, makeFolder, NO_HANG, startAt } from './application.js'
import { needs, run } from './programs.js'

async function serve(
  t: Test,
  adapter: Adapter,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const root = path.join(FIXTURES, 'cgi-bin')
  const { origin } = await startAt(t, adapter, '/scripts', { root, env })
  return `${origin}/scripts`
}

/** Both form scripts report the same facts. */
const forms = [
  {
    name: 'CGI.pm',
    script: 'perl-form.cgi',
    programs: ['CGI.pm'],
    cookies: ['first=one; path=/', 'second=two; path=/deep; HttpOnly'],
  },
  {
    name: 'Python',
    script: 'python-form.cgi',
    programs: ['python3'],
    cookies: ['first=one; Path=/', 'second=two; HttpOnly; Path=/deep'],
  },
] as const

for (const { name, script, programs, cookies } of forms) {
  void t.test(`forms in ${name}`, { ...needs(...programs), jobs: 2 }, async (t) => {
    for (const adapter of adapters) {
      void t.test(
        `ENV-1 HDR-3 ${name} reads a form sent by GET, sets two cookies (${adapter.name})`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const url = `${await serve(t, adapter)}/${script}/%C3%A9/deep`
          const query = 'town=%C3%86r%C3%B8&list=1&list=2&none='
          const headers = { cookie: 'a=1; b=2' }
          const response = await fetch(`${url}?${query}`, { headers, signal: signalOf(t) })
          assert.equal(response.status, 200)
          assert.deepEqual(response.headers.getSetCookie(), cookies)
          assert.deepEqual(await response.json(), {
            method: 'GET',
            url,
            fields: { town: ['Ærø'], list: ['1', '2'], none: [''] },
            uploads: [],
            cookies: { a: '1', b: '2' },
          })
        },
      )

      void t.test(
        `BODY-1 ${name} reads a form sent by POST (${adapter.name})`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const url = `${await serve(t, adapter)}/${script}`
          const body = new URLSearchParams({ text: 'Grüße & more\n', empty: '' })
          const response = await fetch(url, { method: 'POST', body, signal: signalOf(t) })
          assert.deepEqual(await response.json(), {
            method: 'POST',
            url,
            fields: { text: ['Grüße & more\n'], empty: [''] },
            uploads: [],
            cookies: {},
          })
        },
      )

      void t.test(
        `BODY-1 BODY-5 ${name} gets an upload (${adapter.name})`,
        { buffered: true, ...NO_HANG },
        async (t) => {
          const url = `${await serve(t, adapter)}/${script}`
          const content = randomBytes(300_000)
          const body = new FormData()
          body.append('note', 'see below')
          body.append('file', new File([content], 'some data.bin', { type: 'image/x-test' }))
          const response = await fetch(url, { method: 'POST', body, signal: signalOf(t) })
          assert.deepEqual(await response.json(), {
            method: 'POST',
            url,
            fields: { note: ['see below'] },
            uploads: [
              {
                name: 'file',
                filename: 'some data.bin',
                type: 'image/x-test',
                sha256: createHash('sha256').update(content).digest('hex'),
              },
            ],
            cookies: {},
          })
        },
      )
    }
  })
}

void t.test('redirects in CGI.pm', needs('CGI.pm'), async (t) => {
  for (const adapter of adapters) {
    void t.test(`RES-3 CGI.pm redirects the client (${adapter.name})`, NO_HANG, async (t) => {
      const url = `${await serve(t, adapter)}/perl-redirect.cgi`
      for (const to of ['/plain?from=perl', 'http://example.org/']) {
        const query = new URLSearchParams({ to }).toString()
        const response = await fetch(`${url}?${query}`, { redirect: 'manual', signal: signalOf(t) })
        assert.deepEqual([response.status, response.statusText], [303, 'See Other'])
        assert.equal(response.headers.get('location'), to)
        await response.arrayBuffer()
      }
      const body = new URLSearchParams({ to: '/plain?from=post' })
      const there = await fetch(url, { method: 'POST', body, signal: signalOf(t) })
      assert.equal(await there.text(), 'plain GET from=post')
    })
  }
})

void t.test('WSGI', { ...needs('python3'), jobs: 2 }, async (t) => {
  for (const adapter of adapters) {
    void t.test(
      `HDR-2 HDR-3 ENV-7 wsgiref answers for a WSGI application (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = `${await serve(t, adapter)}/python-wsgi.cgi/caf%C3%A9/%20?a=%C3%A9&b`
        const body = randomBytes(100_000)
        const response = await fetch(url, { method: 'PUT', body, signal: signalOf(t) })
        assert.deepEqual([response.status, response.statusText], [404, 'Nothing Here'])
        assert.deepEqual(response.headers.getSetCookie(), ['first=one', 'second=two'])
        assert.deepEqual(await response.json(), {
          url,
          path: '/café/ ',
          scheme: 'http',
          size: body.length,
          sha256: createHash('sha256').update(body).digest('hex'),
        })
      },
    )
  }
})

void t.test('server-sent events', needs('python3'), async (t) => {
  const folder = makeFolder(t)

  for (const [number, adapter] of adapters.entries()) {
    void t.test(
      `RES-4 ENV-2 an event arrives while its script goes on (${adapter.name})`,
      NO_HANG,
      async (t) => {
        const signal = signalOf(t)
        const source = path.join(folder, `events-${number}`)
        await run('mkfifo', [source], { signal })
        // Opened for both, a FIFO has a writer from the beginning: neither side waits for the other.
        const events = await open(source, 'r+')
        t.after(() => events.close())
        const url = await serve(t, adapter, { EVENT_SOURCE: source })

        const client = new EventSource(`${url}/events.cgi`)
        t.after(() => client.close())
        const [first] = await once(client, 'message', { signal })
        assert.equal(first.data, 'last was none')
        // Only now, with the first event here, can the script send the second and come to its end.
        const told = once(client, 'told', { signal })
        const again = once(client, 'message', { signal })
        await events.write('go on\n')
        assert.equal((await told)[0].data, 'go on')
        const [second] = await again
        assert.equal(second.data, 'last was 2')
      },
    )
  }
})
