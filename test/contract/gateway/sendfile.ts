import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import { link, rename, writeFile as writeFileAsync } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Socket } from 'node:net'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import type { Answer } from '../../support/answer.js'
import { dial, fields, leave, open, readUntil, receive, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { descriptorsOf, until } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'

const TEXT = '0123456789abcdef'

/** Reads one answer by its Content-Length; the beginning of one where the connection is cut. */
async function readWhole(connection: Socket): Promise<string> {
  let text = ''
  try {
    for (;;) {
      text += await readUntil(connection, /./s)
      const [header = '', content] = text.split('\r\n\r\n', 2)
      const [, length = '0'] = /^content-length: (\d+)$/im.exec(header) ?? []
      if (content !== undefined && content.length >= Number(length)) return text
    }
  } catch {
    return ''
  }
}

/** Files that scripts have sent in the place of their own content. */
export function sendfileSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`RES-7 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    let folder: string
    let files: string
    t.before(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      files = path.join(folder, 'files')
      mkdirSync(path.join(files, 'sub'), { recursive: true })
      writeFileSync(path.join(files, 'a.txt'), TEXT)
      writeFileSync(path.join(files, 'empty'), '')
      writeFileSync(path.join(files, 'sub', 'a é%41.html'), '<p>')
      writeFileSync(path.join(files, '.hidden'), 'hidden')
      writeFileSync(path.join(files, 'big'), Buffer.alloc(5_000_000, 'x'))
      writeFileSync(path.join(folder, 'secret'), 'secret')
      symlinkSync(path.join(folder, 'secret'), path.join(files, 'link-out'))
      symlinkSync('a.txt', path.join(files, 'link-in'))
      symlinkSync(files, path.join(folder, 'way-in'))
      execFileSync('mkfifo', [path.join(files, 'queue')])
      symlinkSync('queue', path.join(files, 'queue-link'))
      gateway = await adapter.start({ options: { root: CGI_BIN, sendfileRoots: [files] } })
    })
    t.after(async () => {
      await gateway.close()
      rmSync(folder, { recursive: true })
    })

    const say = (
      header: string,
      headers: readonly string[] = [],
      method = 'GET',
    ): Promise<Answer> =>
      send(gateway, saying(`${header}\n\nown content`), {
        headers: fields(...headers),
        method,
      })
    const ask = (file: string, ...headers: string[]): Promise<Answer> =>
      say(`X-Sendfile: ${path.join(files, file)}`, headers)

    void t.test(
      'RES-7 sends the file, its type, its validators; the field is not for the client',
      async () => {
        const answer = await ask('a.txt')
        assert.equal(answer.status, 200)
        assert.equal(answer.text, TEXT)
        assert.deepEqual(answer.all('x-sendfile'), [])
        assert.deepEqual(answer.all('content-length'), ['16'])
        assert.deepEqual(answer.all('content-type'), ['text/plain; charset=utf-8'])
        assert.deepEqual(answer.all('accept-ranges'), ['bytes'])
        assert.equal(answer.all('etag').length, 1)
        assert.equal(answer.all('last-modified').length, 1)
        assert.deepEqual(answer.all('cache-control'), [])
        assert.equal((await ask('empty')).text, '')
        assert.equal((await ask('.hidden')).text, 'hidden')
        assert.equal((await ask('link-in')).text, TEXT)
        assert.equal((await ask('big')).bytes.length, 5_000_000)
      },
    )

    void t.test(
      'RES-7 what the script says of the file stays, what it says of its own content goes',
      async () => {
        const answer = await say(
          `Content-Type: text/x-own\nContent-Length: 11\nETag: "own"\nSet-Cookie: a=1\nSet-Cookie: b=2\n` +
            `Content-Disposition: attachment; filename="b"\nCache-Control: private\n` +
            `x-sendfile: ${files}/a.txt`,
        )
        assert.equal(answer.text, TEXT)
        assert.deepEqual(answer.all('content-type'), ['text/x-own'])
        assert.deepEqual(answer.all('content-length'), ['16'])
        assert.deepEqual(answer.all('set-cookie'), ['a=1', 'b=2'])
        assert.deepEqual(answer.all('content-disposition'), ['attachment; filename="b"'])
        assert.deepEqual(answer.all('cache-control'), ['private'])
        assert.equal(answer.all('etag').length, 1)
        assert.notEqual(answer.all('etag')[0], '"own"')
      },
    )

    void t.test(
      'RES-7 takes a path as it is, encoded, below a root, or relative to the script',
      async () => {
        const name = 'sub/a é%41.html'
        const encoded = 'sub/a%20%C3%A9%2541.html'
        for (const header of [
          `X-Sendfile: ${files}/${name}`,
          `X-Sendfile: ${files}/${encoded}`,
          `X-Accel-Redirect: ${files}/${encoded}`,
          `X-Accel-Redirect: /${encoded}`,
          `X-Accel-Redirect: /${encoded}?query`,
          `X-Accel-Redirect: /sub/../${encoded}`,
          `X-Sendfile: ${path.relative(CGI_BIN, files)}/${name}`,
          `X-Sendfile: ${folder}/way-in/${name}`,
        ]) {
          const answer = await say(header)
          assert.equal(answer.text, '<p>', header)
          assert.deepEqual(answer.all('x-accel-redirect'), [])
        }
      },
    )

    void t.test('RES-7 honours ranges (RFC 9110 section 14)', async () => {
      for (const [range, status, text, contentRange] of [
        ['bytes=0-3', 206, '0123', 'bytes 0-3/16'],
        ['bytes=-2', 206, 'ef', 'bytes 14-15/16'],
        ['bytes=10-', 206, 'abcdef', 'bytes 10-15/16'],
        ['bytes=0-0', 206, '0', 'bytes 0-0/16'],
        ['bytes=0-100', 206, TEXT, 'bytes 0-15/16'],
        ['lines=1-2', 200, TEXT, undefined],
        // Section 14.2: one that is not valid is ignored, and of several the whole may be sent.
        ['bytes=1-2-3', 200, TEXT, undefined],
        ['bytes=5-2', 200, TEXT, undefined],
        ['bytes=-', 200, TEXT, undefined],
        ['bytes=a-b', 200, TEXT, undefined],
        ['bytes=0-1, 4-5', 200, TEXT, undefined],
        ['bytes=16-', 416, undefined, 'bytes */16'],
      ] as const) {
        const answer = await ask('a.txt', `Range: ${range}`)
        assert.equal(answer.status, status, range)
        if (text !== undefined) assert.equal(answer.text, text, range)
        assert.deepEqual(answer.all('content-range'), contentRange ? [contentRange] : [], range)
      }
      // RFC 9110 section 14.2: a range is for a GET.
      const posted = await say(`X-Sendfile: ${files}/a.txt`, ['Range: bytes=0-3'], 'POST')
      assert.deepEqual([posted.status, posted.text], [200, TEXT])
    })

    void t.test('RES-7 honours validators (RFC 9110 section 13)', async () => {
      const first = await ask('a.txt')
      const [etag = ''] = first.all('etag')
      const [modified = ''] = first.all('last-modified')
      const old = 'Sat, 01 Jan 2000 00:00:00 GMT'
      for (const [headers, status] of [
        [[`If-None-Match: ${etag}`], 304],
        [['If-None-Match: "x"', `If-None-Match: ${etag}`], 304],
        [['If-None-Match: "x"'], 200],
        [[`If-Modified-Since: ${modified}`], 304],
        [[`If-Modified-Since: ${old}`], 200],
        [['If-Match: "x"'], 412],
        [[`If-Match: ${etag}`], 412],
        [['If-Match: *'], 200],
        [['Range: bytes=0-3', `If-Range: ${etag}`], 200],
        [[`If-Unmodified-Since: ${old}`], 412],
        [['Range: bytes=0-3', `If-Range: ${old}`], 200],
        [['Range: bytes=0-3', `If-Range: ${modified}`], 206],
      ] as const) {
        const answer = await ask('a.txt', ...headers)
        assert.equal(answer.status, status, headers.join())
        if (status === 304) {
          assert.equal(answer.text, '')
          assert.deepEqual(answer.all('etag'), [etag])
          assert.deepEqual(answer.all('content-type'), [])
        }
        assert.ok(!answer.text.includes('own'))
      }
    })

    void t.test('RES-7 HEAD, and a status of the script', async () => {
      const head = await say(`X-Sendfile: ${files}/a.txt`, [], 'HEAD')
      assert.deepEqual([head.status, head.text], [200, ''])
      assert.deepEqual(head.all('content-length'), ['16'])
      const page = await say(`Status: 404 Gone Fishing\nX-Sendfile: ${files}/a.txt`, [
        'Range: bytes=0-1',
      ])
      const reason = adapter.httpVersion === 1 ? 'Gone Fishing' : ''
      assert.deepEqual([page.status, page.reason, page.text], [404, reason, TEXT])
      const none = await say(`Status: 204\nX-Sendfile: ${files}/a.txt`)
      assert.deepEqual([none.status, none.text, none.all('x-sendfile')], [204, '', []])
    })

    void t.test(
      'RES-7 drops the field where the file is in no root or is no file, and logs it',
      async () => {
        for (const header of [
          `X-Sendfile: ${folder}/secret`,
          `X-Sendfile: ${files}/../secret`,
          `X-Sendfile: ${files}/link-out`,
          `X-Sendfile: ${files}`,
          `X-Sendfile: ${files}/sub`,
          `X-Sendfile: ${files}/missing`,
          `X-Sendfile: ${files}/queue`,
          `X-Sendfile: ${files}/queue-link`,
          `X-Sendfile: ${files}%00/a.txt`,
          'X-Sendfile: /dev/zero',
          'X-Sendfile:',
          `X-Sendfile: /${'x'.repeat(5000)}`,
          `X-Accel-Redirect: /../secret`,
          'X-Accel-Redirect: /%2e%2e/secret',
          'X-Accel-Redirect: @named',
          'X-Accel-Redirect: /link-out',
        ]) {
          const known = gateway.log.length
          const answer = await say(header)
          assert.deepEqual([answer.status, answer.text], [200, 'own content'], header)
          assert.deepEqual(answer.all('x-sendfile').concat(answer.all('x-accel-redirect')), [])
          const record = await gateway.logged(
            (each) => gateway.log.indexOf(each) >= known && each.message.includes('was not sent'),
          )
          assert.equal(record['script'], path.join(CGI_BIN, 'say.cgi'))
        }
      },
    )

    void t.test('RES-7 without roots there is nothing to send', async (t) => {
      const own = await adapter.start({ options: { root: CGI_BIN } })
      t.after(() => own.close())
      const answer = await send(own, saying(`X-Sendfile: ${files}/a.txt\n\nown content`))
      assert.equal(answer.text, 'own content')
      assert.deepEqual(answer.all('x-sendfile'), [])
      await own.logged(({ reason }) => reason === '`sendfileRoots` is empty')
    })

    void t.test('RES-7 keeps the connection in step, and nothing open', async () => {
      const count = (): number =>
        descriptorsOf(process.pid).filter((each) => each.startsWith(folder)).length
      const body = 'x'.repeat(200_000)
      const posted = await send(gateway, saying(`X-Sendfile: ${files}/a.txt\n\n`), {
        method: 'POST',
        body,
      })
      assert.equal(posted.text, TEXT)
      const left = await open(gateway, saying(`X-Sendfile: ${files}/big\n\n`))
      await once(left, 'readable')
      leave(left)
      await until(() => count() === 0, 'the file is closed')
    })

    /**
     * Does the same again and again until the test is over. The threads that do it also do what the gateway
     * asks of the files, so that each step comes between any two steps of the gateway.
     */
    const repeat = (t: Test, change: () => Promise<void>): void => {
      const over = new AbortController()
      const repeated = (async () => {
        while (!over.signal.aborted) await change()
      })()
      t.after(() => {
        over.abort()
        return repeated
      })
    }

    http1Test(
      t,
      'RES-7 sends not a byte beyond the length of a file that is written anew',
      async (t) => {
        const file = path.join(files, 'written')
        repeat(t, async () => {
          await writeFileAsync(file, '')
          await writeFileAsync(file, '0123456789')
        })
        await until(() => existsSync(file), 'the file is there')
        const url = saying(`X-Sendfile: ${file}\n\n`)
        let connection = await dial(gateway)
        t.after(() => connection.destroy())
        // All on one connection: a byte too many is taken for the beginning of the next answer.
        for (let count = 0; count < 100; count += 1) {
          connection.write(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`)
          const text = await readWhole(connection)
          if (text !== '') {
            assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
            const [, length] = /^content-length: (\d+)$/im.exec(text) ?? []
            assert.equal(text.split('\r\n\r\n')[1], '0123456789'.slice(0, Number(length)))
          }
          // It was empty once more by the time that it was read.
          if (connection.closed) connection = await dial(gateway)
        }
      },
    )

    void t.test('RES-7 opens no FIFO that takes the place of a file', async (t) => {
      const file = path.join(files, 'swapped')
      const [regular, fifo, next] = ['regular', 'queue', 'next'].map((name) =>
        path.join(files, name),
      )
      assert.ok(regular && fifo && next)
      writeFileSync(regular, 'x')
      repeat(t, async () => {
        for (const target of [regular, fifo]) {
          await link(target, next)
          await rename(next, file)
        }
      })
      await until(() => existsSync(file), 'the file is there')
      for (let count = 0; count < 50; count += 1) {
        const answer = await send(gateway, saying(`X-Sendfile: ${file}\n\nown content`))
        assert.ok(['x', 'own content'].includes(answer.text), answer.text)
      }
    })

    void t.test('RES-7 lets the client tell that a file became shorter', async (t) => {
      const file = path.join(files, 'shrinking')
      writeFileSync(file, Buffer.alloc(50_000_000, 'x'))
      t.after(() => rmSync(file))
      const response = await open(gateway, saying(`X-Sendfile: ${file}\n\n`))
      truncateSync(file, 10)
      await assert.rejects(receive(response))
    })
  })
}
