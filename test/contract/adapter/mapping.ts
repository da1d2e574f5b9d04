import { strict as assert } from 'node:assert'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { METHODS } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { exchange, send } from '../../support/client.js'
import { CGI_BIN, readReport, saying } from '../../support/fixtures.js'
import { http1TestOf } from '../http1.js'

/** From URL to script. */
export function mappingSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`MAP (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    /** How many scripts have been about to run. */
    let runs = 0
    const options = {
      root: CGI_BIN,
      env: (): Record<string, string> => {
        runs += 1
        return {}
      },
    }
    t.before(async () => {
      gateway = await adapter.start({ options })
    })
    t.after(() => gateway.close())

    async function report(url: string): Promise<ReturnType<typeof readReport>['variables']> {
      const answer = await send(gateway, url)
      assert.equal(answer.status, 200, `${url}: ${answer.text}`)
      return readReport(answer.text).variables
    }

    void t.test('MAP-1 splits the path at the first regular file', async () => {
      const cases = [
        ['/cgi-bin/report.cgi', '/cgi-bin/report.cgi', undefined],
        ['/cgi-bin/report.cgi/', '/cgi-bin/report.cgi', '/'],
        ['/cgi-bin/report.cgi/a/b.cgi', '/cgi-bin/report.cgi', '/a/b.cgi'],
        ['/cgi-bin/report.cgi//a//', '/cgi-bin/report.cgi', '//a//'],
        ['/cgi-bin/folder/report.cgi/a', '/cgi-bin/folder/report.cgi', '/a'],
        ['/%63gi-bin/%66older/report%2Ecgi/%61', '/cgi-bin/folder/report.cgi', '/a'],
        ['/cgi-bin//report.cgi', '/cgi-bin/report.cgi', undefined],
        ['/cgi-bin///folder//report.cgi//a', '/cgi-bin/folder/report.cgi', '//a'],
        ['//cgi-bin/report.cgi/a', '/cgi-bin/report.cgi', '/a'],
        ['//%63gi-bin//report.cgi', '/cgi-bin/report.cgi', undefined],
      ] as const
      for (const [url, scriptName, pathInfo] of cases) {
        const variables = await report(url)
        assert.equal(variables.get('SCRIPT_NAME'), scriptName, url)
        assert.equal(variables.get('PATH_INFO'), pathInfo, url)
      }
    })

    void t.test('MAP-1 gives every URL below the mount to one script', async (t) => {
      const script = path.join(CGI_BIN, 'report.cgi')
      const one = await adapter.start({ options: { script } })
      t.after(() => one.close())
      const cases = [
        ['/cgi-bin', '/cgi-bin', undefined],
        ['/cgi-bin/', '/cgi-bin', '/'],
        ['/cgi-bin/no/such/file', '/cgi-bin', '/no/such/file'],
        ['/cgi-bin/.hidden', '/cgi-bin', '/.hidden'],
      ] as const
      for (const [url, scriptName, pathInfo] of cases) {
        const answer = await send(one, url)
        const { variables } = readReport(answer.text)
        assert.equal(variables.get('SCRIPT_NAME'), scriptName, url)
        assert.equal(variables.get('PATH_INFO'), pathInfo, url)
      }
    })

    void t.test('MAP-2 leaves what is no script to the framework', async () => {
      runs = 0
      const urls = ['/cgi-bin/none.cgi', '/cgi-bin/folder', '/cgi-bin/', '/cgi-bin', '/other', '/']
      for (const url of urls) assert.equal((await send(gateway, url)).status, 404, url)
      assert.equal(runs, 0)
    })

    void t.test('MAP-2 leaves the other routes of the application alone', async () => {
      const answer = await send(gateway, '/plain?a=1')
      assert.equal(answer.text, 'plain GET a=1')
    })

    void t.test('MAP-3 refuses paths that are never valid', async () => {
      runs = 0
      const paths = [
        'report.cgi/%00',
        'report%00.cgi',
        'report.cgi/%zz',
        'report.cgi/%4',
        'report.cgi/%',
        '%2e%2e/report.cgi',
        '../cgi-bin/report.cgi',
        './report.cgi',
        'report.cgi/..',
        'report.cgi/a/%2e./b',
        'folder%2Freport.cgi',
        'folder%5creport.cgi',
        'report.cgi/a%2fb',
        'report.cgi/a%2f..%2fb',
      ]
      for (const each of paths) {
        assert.equal((await send(gateway, `/cgi-bin/${each}`)).status, 400, each)
      }
      assert.equal(runs, 0)
    })

    void t.test(
      'MAP-3 ENV-7 hands bytes on that are not UTF-8, where the router lets them through',
      async () => {
        for (const [sent, bytes] of [
          ['%ff', '\xff'],
          ['caf%E9/%c0%af', 'caf\xe9/\xc0\xaf'],
          ['%ed%a0%80', '\xed\xa0\x80'],
        ] as const) {
          const answer = await send(gateway, `/cgi-bin/report.cgi/${sent}`)
          if (adapter.name.startsWith('Fastify')) {
            assert.equal(answer.status, 400, sent)
          } else {
            assert.equal(readReport(answer.text).variables.get('PATH_INFO'), `/${bytes}`, sent)
          }
        }
      },
    )

    void t.test('MAP-3 decodes once, and only once', async () => {
      assert.equal((await send(gateway, '/cgi-bin/report%252ecgi')).status, 404)
      const variables = await report('/cgi-bin/report.cgi/%2561')
      assert.equal(variables.get('PATH_INFO'), '/%61')
    })

    void t.test("MAP-3 lets encoded slashes through with encodedSlashes: 'allow'", async (t) => {
      const open = await adapter.start({ options: { root: CGI_BIN, encodedSlashes: 'allow' } })
      t.after(() => open.close())
      const answer = await send(open, '/cgi-bin/report.cgi/a%2fb')
      assert.equal(readReport(answer.text).variables.get('PATH_INFO'), '/a/b')
      assert.equal((await send(open, '/cgi-bin/report.cgi/a%2f..%2fb')).status, 400)
      assert.equal((await send(open, '/cgi-bin/folder%2freport.cgi')).status, 400)
    })

    void t.test('MAP-4 serves nothing from outside of the root, nor what is hidden', async () => {
      runs = 0
      const names = [
        'link-out.cgi',
        '.hidden.cgi',
        '%2ehidden.cgi',
        'report.cgi.',
        'report.cgi%20',
        'REPORT.CGI',
      ]
      for (const name of names) {
        assert.equal((await send(gateway, `/cgi-bin/${name}`)).status, 404, name)
      }
      assert.equal(runs, 0)
    })

    void t.test('MAP-4 follows links that stay inside', async () => {
      assert.equal((await send(gateway, '/cgi-bin/link-in.cgi?A_0072')).status, 502)
      const url = saying('Content-Type: text/plain\n\nin').replace('say.cgi', 'link-in.cgi')
      assert.equal((await send(gateway, url)).text, 'in')
    })

    void t.test("MAP-4 opens dot files with dotfiles: 'allow'", async (t) => {
      const open = await adapter.start({ options: { root: CGI_BIN, dotfiles: 'allow' } })
      t.after(() => open.close())
      assert.equal((await send(open, '/cgi-bin/.hidden.cgi')).text, 'hidden\n')
    })

    void t.test('MAP-5 finds the index of a folder', async (t) => {
      const index = ['none.cgi', 'index.cgi']
      const indexed = await adapter.start({ options: { root: CGI_BIN, index } })
      t.after(() => indexed.close())
      const answer = await send(indexed, '/cgi-bin/folder/?q')
      const { variables } = readReport(answer.text)
      assert.equal(variables.get('SCRIPT_NAME'), '/cgi-bin/folder/index.cgi')
      assert.equal(variables.get('PATH_INFO'), undefined)
      const redirects = [
        ['/cgi-bin/folder?q=%20', '/cgi-bin/folder/?q=%20'],
        ['/cgi-bin', '/cgi-bin/'],
      ] as const
      for (const [url, location] of redirects) {
        const redirect = await send(indexed, url)
        assert.equal(redirect.status, 308)
        assert.deepEqual(redirect.all('location'), [location])
      }
    })

    void t.test('MAP-6 refuses what cannot be run, and never sends its source', async () => {
      const answer = await send(gateway, '/cgi-bin/not-executable.txt')
      assert.equal(answer.status, 403)
      const source = await readFile(path.join(CGI_BIN, 'not-executable.txt'), 'latin1')
      assert.ok(!answer.text.includes(source.trim()))
    })

    void t.test('MAP-6 runs a script by the interpreter of its extension', async (t) => {
      const interpreted = await adapter.start({
        options: { root: CGI_BIN, interpreters: { '.say': 'sh' } },
      })
      t.after(() => interpreted.close())
      const answer = await send(interpreted, '/cgi-bin/interpreted.say')
      assert.equal(answer.text, `from ${CGI_BIN}/interpreted.say\n`)
    })

    void t.test('MAP-6 refuses a file that is not regular', async (t) => {
      const root = await mkdtemp(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rm(root, { recursive: true }))
      execFileSync('mkfifo', ['-m', '755', path.join(root, 'pipe.cgi')])
      await writeFile(path.join(root, '-e.cgi'), '#!/bin/sh\necho "Status: 204"\necho\n', {
        mode: 0o755,
      })
      const special = await adapter.start({ options: { root } })
      t.after(() => special.close())
      assert.equal((await send(special, '/cgi-bin/pipe.cgi')).status, 403)
      assert.equal((await send(special, '/cgi-bin/-e.cgi')).status, 204)
    })

    void t.test('MAP-7 passes every method on, but for TRACE', async () => {
      for (const method of METHODS) {
        if (method === 'CONNECT' || method === 'TRACE') continue
        // RFC 10008 section 2 makes servers refuse a QUERY without a Content-Type.
        const headers = ['Content-Type', 'text/plain']
        const answer = await send(gateway, '/cgi-bin/report.cgi', {
          method,
          headers,
          body: 'x',
        })
        assert.equal(answer.status, 200, method)
        if (method === 'HEAD') continue
        const { variables, input } = readReport(answer.text)
        assert.equal(variables.get('REQUEST_METHOD'), method)
        assert.equal(input, 'x', method)
      }
      runs = 0
      const traced = await send(gateway, '/cgi-bin/report.cgi', { method: 'TRACE' })
      assert.equal(traced.status, 405)
      assert.equal(runs, 0)
    })

    http1Test(t, 'MAP-7 does not pass CONNECT on', async () => {
      runs = 0
      const connect = 'CONNECT /cgi-bin/report.cgi HTTP/1.1\r\nHost: a\r\n\r\n'
      assert.doesNotMatch(await exchange(gateway, connect), /200/)
      assert.equal(runs, 0)
    })

    void t.test('MAP-7 narrows the methods', async (t) => {
      const narrow = await adapter.start({ options: { root: CGI_BIN, methods: ['GET', 'PUT'] } })
      t.after(() => narrow.close())
      const answer = await send(narrow, '/cgi-bin/report.cgi', { method: 'POST', body: '' })
      assert.equal(answer.status, 405)
      assert.deepEqual(answer.all('allow'), ['GET, HEAD, PUT'])
      // RFC 9110 section 9.1: GET and HEAD go together.
      assert.equal((await send(narrow, '/cgi-bin/report.cgi', { method: 'HEAD' })).status, 200)
      const put = await adapter.start({ options: { root: CGI_BIN, methods: ['PUT'] } })
      t.after(() => put.close())
      assert.equal((await send(put, '/cgi-bin/report.cgi', { method: 'HEAD' })).status, 405)
      assert.equal((await send(narrow, '/cgi-bin/none.cgi', { method: 'POST' })).status, 404)
    })

    void t.test('MAP-1 is mounted elsewhere', async (t) => {
      const mounted = await adapter.start({ options: { root: CGI_BIN }, mount: '/a/scripts' })
      t.after(() => mounted.close())
      const answer = await send(mounted, '/a/scripts/report.cgi/x')
      const { variables } = readReport(answer.text)
      assert.equal(variables.get('SCRIPT_NAME'), '/a/scripts/report.cgi')
      assert.equal(variables.get('PATH_INFO'), '/x')
      assert.equal(variables.get('REQUEST_URI'), '/a/scripts/report.cgi/x')
      assert.equal((await send(mounted, '/cgi-bin/report.cgi')).status, 404)
    })
  })
}
