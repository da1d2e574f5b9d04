import type { CgiOptions } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { type Adapter, adapters } from '../support/adapters.js'
import { FIXTURES, makeFolder, NO_HANG, startAt } from './application.js'
import { needs, run } from './programs.js'

const MEGABYTE = 1024 ** 2

void t.test('php-cgi', { ...needs('php-cgi', 'curl'), jobs: 2 }, async (t) => {
  const folder = makeFolder(t)
  const content = randomBytes(20 * MEGABYTE)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const file = path.join(folder, 'upload.bin')
  writeFileSync(file, content)

  const settings = {
    memory_limit: '64M',
    post_max_size: '64M',
    'session.save_path': folder,
    upload_max_filesize: '64M',
    upload_tmp_dir: folder,
  }
  const options = {
    root: path.join(FIXTURES, 'php'),
    interpreters: {
      // Without the machine's php.ini.
      '.php': [
        'php-cgi',
        '-n',
        ...Object.entries(settings).flatMap(([name, value]) => ['-d', `${name}=${value}`]),
      ],
    },
  }

  async function serve(t: Test, adapter: Adapter, more: CgiOptions<never> = {}): Promise<string> {
    const { origin } = await startAt(t, adapter, '/php', { ...options, ...more })
    return `${origin}/php`
  }

  /** Runs curl, which fails where the status is 400 or more, and reads its JSON. */
  async function curl(t: Test, args: string[], input?: Buffer): Promise<unknown> {
    const all = ['--disable', '--silent', '--show-error', '--fail', '--noproxy', '*', ...args]
    const signal = signalOf(t)
    return JSON.parse((await run('curl', all, { signal, ...(input && { input }) })).toString())
  }

  for (const adapter of adapters) {
    void t.test(
      `BODY-1 ENV-2 HDR-3 PHP reads a form and sets cookies (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const response = await fetch(`${url}/form.php?list[]=1&list[]=%C3%A9`, {
          method: 'POST',
          body: new URLSearchParams({ town: 'Ærøskøbing & more', empty: '' }),
          headers: { cookie: 'a=1; b=two%20words' },
          signal: signalOf(t),
        })
        assert.equal(response.status, 200)
        assert.deepEqual(await response.json(), {
          get: { list: ['1', 'é'] },
          post: { town: 'Ærøskøbing & more', empty: '' },
          cookies: { a: '1', b: 'two words' },
        })
        assert.deepEqual(response.headers.getSetCookie(), [
          'color=blue',
          'name=%C3%86r%C3%B8%3B%20x; path=/; HttpOnly',
        ])
      },
    )

    void t.test(
      `ENV-2 HDR-3 PHP keeps a session (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const first = await fetch(`${url}/session.php`, { signal: signalOf(t) })
        assert.equal(await first.text(), '1')
        const [cookie = ''] = (first.headers.getSetCookie()[0] ?? '').split(';')
        const again = { headers: { cookie }, signal: signalOf(t) }
        assert.equal(await (await fetch(`${url}/session.php`, again)).text(), '2')
        const other = await fetch(`${url}/session.php`, { signal: signalOf(t) })
        assert.equal(await other.text(), '1')
      },
    )

    void t.test(
      `BODY-1 curl uploads 20 MB to PHP (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const form = ['--form', 'note=from curl', '--form', `file=@${file};type=application/x-test`]
        assert.deepEqual(await curl(t, [...form, `${url}/upload.php`]), {
          note: 'from curl',
          name: 'upload.bin',
          type: 'application/x-test',
          error: 0,
          size: content.length,
          sha256,
        })
      },
    )

    void t.test(
      `BODY-2 curl sends PHP a body in chunks (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const codings: unknown[] = []
        const url = await serve(t, adapter, {
          env: ({ headers }: { headers: IncomingHttpHeaders }) => {
            codings.push(headers['transfer-encoding'])
            return {}
          },
        })
        const body = content.subarray(0, 3 * MEGABYTE)
        assert.deepEqual(await curl(t, ['--upload-file', '-', `${url}/input.php`], body), {
          method: 'PUT',
          length: String(body.length),
          size: body.length,
          sha256: createHash('sha256').update(body).digest('hex'),
        })
        assert.deepEqual(codings, ['chunked'])
      },
    )

    void t.test(
      `RES-3 PHP redirects the client (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const here = await fetch(`${url}/redirect.php`, { redirect: 'manual', signal: signalOf(t) })
        assert.equal(here.status, 302)
        assert.equal(here.headers.get('location'), '/plain?from=php')
        assert.equal(await here.text(), 'elsewhere')
        const there = await fetch(`${url}/redirect.php`, { signal: signalOf(t) })
        assert.equal(await there.text(), 'plain GET from=php')
      },
    )

    void t.test(
      `HDR-2 PHP sets the status (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const response = await fetch(`${url}/not-found.php`, { signal: signalOf(t) })
        assert.deepEqual([response.status, response.statusText], [404, 'Not Found'])
        assert.equal(await response.text(), 'no such page')
      },
    )

    void t.test(
      `ENV-1 PHP knows the parts of the URL (${adapter.name})`,
      { buffered: true, ...NO_HANG },
      async (t) => {
        const url = await serve(t, adapter)
        const target = '/server.php/a%20path/%C3%A9?x=%20y&z'
        const response = await fetch(url + target, { signal: signalOf(t) })
        // It is what the script prints, a PHP array with names.
        const variables = (await response.json()) as Record<string, unknown>
        const expected = {
          SCRIPT_NAME: '/php/server.php',
          SCRIPT_FILENAME: path.join(options.root, 'server.php'),
          PATH_INFO: '/a path/é',
          PHP_SELF: '/php/server.php/a path/é',
          REQUEST_URI: `/php${target}`,
          QUERY_STRING: 'x=%20y&z',
          REQUEST_METHOD: 'GET',
          DOCUMENT_ROOT: options.root,
          SERVER_NAME: '127.0.0.1',
          SERVER_PORT: new URL(url).port,
          SERVER_PROTOCOL: 'HTTP/1.1',
          REMOTE_ADDR: '127.0.0.1',
        }
        const names = Object.keys(expected)
        const seen = Object.fromEntries(names.map((name) => [name, variables[name]]))
        assert.deepEqual(seen, expected)
      },
    )
  }
})
