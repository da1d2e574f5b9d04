import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { exchange, receive, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'

/** `Status: 103` before a script's own header. */
export function earlyHintsSuite(t: Test, adapter: Adapter): void {
  void t.test(`HDR-2, early hints (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    const get = (bytes: string, version = '1.1', slowly = false): Promise<string> => {
      const request = `GET ${saying(bytes, slowly)} HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`
      return exchange(gateway.port, request)
    }
    const hints =
      'Status: 103 Early Hints\nLink: </a.css>; rel=preload; as=style, </b,c.js>; rel="preload"\n' +
      'Link: <https://example.org/x>;rel=preconnect\nX-Other: x\n\n'
    const final = 'Status: 203\nContent-Type: text/plain\nLink: </a.css>; rel=preload\n\nbody'

    void t.test('HDR-2 hints go to the client before the response', async (t) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const pipe = path.join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      const request = httpRequest(`${gateway.origin}/cgi-bin/hint.cgi?${pipe}`, { agent: false })
      const responded = once(request, 'response')
      request.end()
      const [{ statusCode, headers }] = (await once(request, 'information')) as [
        { statusCode: number; headers: Record<string, string> },
      ]
      assert.equal(statusCode, 103)
      assert.equal(headers['link'], '</a.css>; rel=preload; as=style')
      writeFileSync(pipe, '\n')
      const [response] = (await responded) as [Parameters<typeof receive>[0]]
      assert.equal((await receive(response)).text, 'answered')
    })

    void t.test('HDR-2 one or several blocks of them, however the bytes come', async () => {
      for (const slowly of [false, true]) {
        const answer = await get(`${hints}HTTP/1.1 103\nLink: </z>\n\n${final}`, '1.1', slowly)
        assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), [
          'HTTP/1.1 103',
          'HTTP/1.1 103',
          'HTTP/1.1 203',
        ])
        assert.deepEqual(answer.match(/^link: .*$/gim), [
          'Link: </a.css>; rel=preload; as=style, </b,c.js>; rel="preload", <https://example.org/x>;rel=preconnect',
          'Link: </z>',
          `${answer.includes('link: <') ? 'link' : 'Link'}: </a.css>; rel=preload`,
        ])
        // In as many chunks as the script's writes have come in.
        const content = answer.slice(answer.lastIndexOf('\r\n\r\n', answer.length - 5))
        assert.equal(content.replace(/\r\n(?:\d+\r\n)?/g, ''), 'body')
      }
    })

    void t.test('HDR-2 HTTP/1.0 has no interim responses', async () => {
      const answer = await get(hints + final, '1.0')
      assert.match(answer, /^HTTP\/1\.1 203 /)
      assert.match(answer, /\r\n\r\nbody$/)
    })

    void t.test('HDR-2 what is no hint does not go out, and the response does', async () => {
      for (const block of [
        'Status: 103\n\n',
        'Status: 103\nX: y\n\n',
        'Status: 103\nLink: none\nLink: </\xe9>; rel=preload\nLink: </a>; title="a b"\n\n',
      ]) {
        assert.match(await get(block + final), /^HTTP\/1\.1 203 /)
      }
    })

    void t.test('HDR-1 the lines of hints are lines of the output', async () => {
      await send(gateway, saying('Status: 103\nLink: </a>\n\nno colon\n\n'))
      await gateway.logged(({ line, code }) => code === 'CGI_ERR_BAD_HEADER' && line === 4)
    })

    void t.test('HDR-2 hints alone are no response', async (t) => {
      const small = await adapter.start({ options: { root: CGI_BIN, maxHeaderSize: 100 } })
      t.after(() => small.close())
      assert.equal((await send(gateway.port, saying(hints))).status, 502)
      assert.equal((await send(gateway.port, saying(`${hints}\nbody`))).status, 502)
      assert.equal((await send(gateway.port, saying(`Status: 102\n\n${final}`))).status, 502)
      // All blocks together have the bound of a header.
      const block = 'Status: 103\nX: 1\n\n'
      assert.equal((await send(small.port, saying(block + final))).status, 203)
      assert.equal((await send(small.port, saying(block.repeat(4) + final))).status, 502)
    })
  })
}
