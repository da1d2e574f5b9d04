import { strict as assert } from 'node:assert'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { exchange, open, receive, send } from '../../support/client.js'
import { CGI_BIN, readReport } from '../../support/fixtures.js'
import { http1TestOf } from '../http1.js'

/** What becomes of a script's local redirect, in the whole application. */
export function localRedirectSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`RES-2 (${adapter.name})`, async (t) => {
    const root = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    const script = (name: string, lines: string): void => {
      writeFileSync(path.join(root, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
    }
    let gateway: RunningGateway
    t.before(async () => {
      copyFileSync(path.join(CGI_BIN, 'report.cgi'), path.join(root, 'report.cgi'))
      script('go.cgi', `printf 'Location: %s\\n\\n' "$QUERY_STRING"`)
      script('work-on.cgi', `printf 'Location: /cgi-bin/report.cgi\\n\\n'; sleep 1`)
      script(
        'close-and-work.cgi',
        `printf 'Location: /cgi-bin/report.cgi\\n\\n'; exec >&-; sleep 1`,
      )
      script('flood.cgi', `printf 'Location: /plain\\n\\n'; head -c 3000000 /dev/zero`)
      script('stay.cgi', `printf 'Location: /plain\\n\\n'; exec >&-; exec sleep 600`)
      script('nph-raw.cgi', `printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nbody'`)
      gateway = await adapter.start({ options: { root } })
    })
    t.after(async () => {
      await gateway.close()
      rmSync(root, { recursive: true })
    })

    void t.test(
      'RES-2, LIM-2 a script that works on gives its slot back before the next one starts',
      async (t) => {
        const one = await adapter.start({
          options: { root, maxProcesses: 1, maxQueue: 1, queueTimeout: 300 },
        })
        t.after(() => one.close())
        for (const name of ['work-on.cgi', 'close-and-work.cgi']) {
          const answer = await send(one, `/cgi-bin/${name}`)
          assert.equal(answer.status, 200, name)
          assert.equal(readReport(answer.text).variables.get('REDIRECT_URL'), `/cgi-bin/${name}`)
          assert.equal(one.stats().running, 0)
        }
      },
    )

    void t.test(
      'RES-2, LIM-1 a script that never ends after its redirect is stopped',
      async (t) => {
        const short = await adapter.start({ options: { root, bodyTimeout: 300, killTimeout: 100 } })
        t.after(() => short.close())
        assert.equal((await send(short, '/cgi-bin/stay.cgi')).status, 504)
        await short.shutDown()
        assert.equal(short.stats().running, 0)
      },
    )

    void t.test('RES-2 what a script writes after its redirect is not sent', async () => {
      assert.equal((await send(gateway, '/cgi-bin/flood.cgi')).text, 'plain GET ')
    })

    void t.test('RES-2 a HEAD gets no content, whatever it is redirected to', async () => {
      for (const target of ['/plain', '/cgi-bin/report.cgi', '/cgi-bin/nph-raw.cgi', '/none']) {
        const answer = await send(gateway, `/cgi-bin/go.cgi?${target}`, { method: 'HEAD' })
        assert.equal(answer.status, target === '/none' ? 404 : 200, target)
        assert.equal(answer.text, '', target)
      }
    })

    http1Test(t, 'RES-2 a connection stays in step after a redirect', async () => {
      const line = (method: string, url: string): string =>
        `${method} ${url} HTTP/1.1\r\nHost: a\r\n`
      const answers = await exchange(
        gateway,
        `${line('HEAD', '/cgi-bin/go.cgi?/plain')}\r\n` +
          `${line('POST', '/cgi-bin/go.cgi?/plain?posted')}Content-Length: 4\r\n\r\nbody` +
          `${line('POST', '/cgi-bin/go.cgi?/plain?chunked')}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n` +
          `${line('GET', '/cgi-bin/go.cgi?/cgi-bin/go.cgi?/plain?twice')}\r\n` +
          `${line('GET', '/plain?last')}Connection: close\r\n\r\n`,
      )
      assert.equal(answers.match(/HTTP\/1\.1 200/g)?.length, 5, answers)
      assert.deepEqual(answers.match(/plain GET [a-z]+/g), [
        'plain GET posted',
        'plain GET chunked',
        'plain GET twice',
        'plain GET last',
      ])
    })

    void t.test(
      'RES-2 a body that still arrives is received before the redirect is followed',
      async () => {
        async function* pieces(): AsyncGenerator<Buffer> {
          for (let index = 0; index < 20; index += 1) yield Buffer.alloc(50_000)
        }
        const response = await open(gateway, '/cgi-bin/go.cgi?/plain?x', {
          method: 'POST',
          body: Readable.from(pieces()),
        })
        assert.equal((await receive(response)).text, 'plain GET x')
      },
    )
  })
}
