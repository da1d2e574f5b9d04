import assert from 'node:assert/strict'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, constants, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CgiError, type CgiOptions, type CgiRequest, createCgiHandler } from '@common-gateway/core'
import { Exchange, type FrameworkView } from '@common-gateway/core/adapter'
import { type ScriptExit, toOutput } from '@common-gateway/core/transport'
import { descriptorsOf, isRunning, until, untilGone } from '../support/processes.js'
import { createRequest } from './requests.js'
import { createTemporaryFolder, writeProgram } from './temporary-folder.js'

const root = createTemporaryFolder(t)
const HEADER = '#!/bin/sh\necho Content-Type: text/plain; echo\n'
/** Each argument on a line of its own, as hexadecimal digits. */
const PRINT_ARGUMENTS =
  'for each; do printf %s "$each" | od -An -v -tx1 | tr -d " \\n"; echo; done\n'
writeProgram(root, 'arguments.cgi', HEADER + PRINT_ARGUMENTS)
writeProgram(root, 'é.cgi', `${HEADER}printf %s "$SCRIPT_FILENAME"\n`)
writeProgram(root, 'host.cgi', `${HEADER}printf %s "$HTTP_HOST"\n`)

/** What the script at this URL answers. */
async function answerOf(
  t: Test,
  url: string,
  options: CgiOptions = {},
  given: Partial<CgiRequest> = {},
): Promise<Buffer> {
  const handler = createCgiHandler({ root, ...options })
  t.after(() => handler.close())
  const answer = await handler.handle(createRequest({ url, ...given }))
  assert.equal(answer?.type, 'response')
  assert.equal(answer.status, 200)
  assert.ok(answer.body)
  return Buffer.isBuffer(answer.body) ? answer.body : buffer(answer.body)
}

const ARGUMENTS: readonly [query: string, hexadecimal: readonly string[]][] = [
  ['one+-s', ['6f6e65', '2d73']],
  ['%24%28id%29+%2A+%3D', ['2428696429', '2a', '3d']],
  ['caf%C3%A9', ['636166c3a9']],
  ['caf%E9', ['636166e9']],
  ['caf\xe9', ['636166e9']],
]

for (const [query, expected] of ARGUMENTS) {
  void t.test(
    `ENV-5 ENV-7 the words of an indexed query arrive byte for byte: ${query}`,
    async (t) => {
      const out = await answerOf(t, `/cgi-bin/arguments.cgi?${query}`, { indexQuery: true })
      assert.deepEqual(out.toString().trim().split('\n'), expected)
    },
  )
}

void t.test(
  'ENV-7 a script with a name beyond ASCII runs, whatever the bytes of its variables',
  async (t) => {
    for (const query of ['', '?caf\xe9']) {
      const out = await answerOf(t, `/cgi-bin/%C3%A9.cgi${query}`)
      assert.equal(out.toString(), `${root}/é.cgi`)
    }
  },
)

void t.test(
  'LIFE-1 a request that fails before its script starts leaves no spool file open',
  async (t) => {
    process.env['TMPDIR'] = root
    t.after(() => {
      delete process.env['TMPDIR']
    })
    const handler = createCgiHandler({ root, env: () => ({ NAME: 'a\0b' }) })
    t.after(() => handler.close())
    const body = Readable.from([Buffer.alloc(200_000)], { objectMode: false })
    const request = createRequest({
      method: 'POST',
      url: '/cgi-bin/host.cgi',
      headers: [['Transfer-Encoding', 'chunked']],
      body,
    })
    await assert.rejects(handler.handle(request), { code: 'CGI_ERR_ENVIRONMENT' })
    const isOpen = (): boolean => descriptorsOf(process.pid).some((name) => name.startsWith(root))
    // Another thread closes it.
    await until(() => !isOpen(), 'the spool file is closed')
  },
)

void t.test(
  'LIFE-1 closing waits for what a script has left behind and is being stopped',
  async (t) => {
    const stubborn = 'trap "" TERM; echo $$; while :; do echo; sleep 0.1; done'
    writeProgram(root, 'leaves.cgi', `${HEADER}sh -c '${stubborn}' &\n`)
    const handler = createCgiHandler({ root, killTimeout: 2_000, lingerTimeout: 60_000 })
    t.after(() => handler.close())
    const answer = await handler.handle(createRequest({ url: '/cgi-bin/leaves.cgi' }))
    assert.equal(answer?.type, 'response')
    assert.ok(answer.body instanceof Readable)
    const [line]: unknown[] = await once(answer.body, 'data')
    const child = Number.parseInt(String(line), 10)
    await until(() => handler.stats().running === 0, 'the script has ended')
    assert.ok(isRunning(child))
    // The client goes, and with it what the script has left to write to it.
    answer.body.destroy()
    let isClosed = false
    const closed = handler.close().then(() => {
      isClosed = true
    })
    await new Promise(setImmediate)
    assert.ok(!isClosed)
    process.kill(child, 'SIGKILL')
    await closed
    await untilGone(child)
  },
)

void t.test(
  'ENV-2 the authority of an HTTP/2 request is its Host (RFC 9113 section 8.3.1)',
  async (t) => {
    const handler = createCgiHandler({ root })
    t.after(() => handler.close())
    const server = createServer((message, response) => {
      // The compatibility API of node:http2 stands in for node:http here, as frameworks have it do.
      const [request, reply] = [message, response] as unknown as [
        ConstructorParameters<typeof Exchange>[0],
        ConstructorParameters<typeof Exchange>[1],
      ]
      const view: FrameworkView = { native: request, mount: '/cgi-bin' }
      const exchange = new Exchange(request, reply, view)
      void handler.handle(exchange.request).then((answer) => {
        assert.equal(answer?.type, 'response')
        return exchange.send(answer)
      })
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    // A server that listens on a port has an address of this kind.
    const { port } = server.address() as AddressInfo
    const client = connect(`http://127.0.0.1:${port}`)
    t.after(() => client.destroy())
    const stream = client.request({
      ':path': '/cgi-bin/host.cgi',
      ':authority': 'www.example.org:81',
    })
    assert.equal((await buffer(stream)).toString(), 'www.example.org:81')
  },
)

const LARGE = 'x'.repeat(140_000)
const HOST = ['Host', 'www.example.org'] as const
const TOO_LARGE: readonly [what: string, given: Partial<CgiRequest>, statusCode: number][] = [
  ['a cookie', { headers: [HOST, ['Cookie', `a=${LARGE}`]] }, 431],
  [
    'a field in many lines',
    { headers: [HOST, ...Array.from({ length: 14 }, () => ['X-A', 'x'.repeat(10_000)] as const)] },
    431,
  ],
  [
    'many fields',
    {
      headers: [
        HOST,
        ...Array.from({ length: 90 }, (_, n) => [`X-${n}`, LARGE.slice(20_000)] as const),
      ],
    },
    431,
  ],
  ['a query', { url: `/cgi-bin/host.cgi?${LARGE}` }, 414],
  ['a path', { url: `/cgi-bin/host.cgi/${LARGE}` }, 414],
  ['a target that was redirected', { url: '/cgi-bin/host.cgi', originalUrl: `/${LARGE}` }, 414],
]

for (const spawner of ['posix_spawn', 'child_process'] as const) {
  for (const [what, given, statusCode] of TOO_LARGE) {
    void t.test(
      `LIFE-3 ${what} that no program takes is the request's fault (${spawner})`,
      async (t) => {
        const handler = createCgiHandler({ root, spawner })
        t.after(() => handler.close())
        const url = '/cgi-bin/host.cgi'
        await assert.rejects(handler.handle(createRequest({ url, ...given })), (error) => {
          assert.ok(error instanceof CgiError)
          assert.deepEqual([error.statusCode, error.expose], [statusCode, true])
          return true
        })
      },
    )
  }

  void t.test(`LIFE-3 the longest field that a program takes arrives (${spawner})`, async (t) => {
    // With its name, a `=` and a NUL it has 32 pages.
    const value = 'x'.repeat(32 * 4096 - 'HTTP_X_A=\0'.length)
    const options = { spawner }
    const headers = [HOST, ['X-A', value]] as const
    writeProgram(root, 'length.cgi', `${HEADER}printf %s "\${#HTTP_X_A}"\n`)
    const out = await answerOf(t, '/cgi-bin/length.cgi', options, { headers })
    assert.equal(out.toString(), String(value.length))
  })

  void t.test(
    `LIFE-3 what the application adds is not the client's fault (${spawner})`,
    async (t) => {
      const handler = createCgiHandler({ root, spawner, env: { LARGE } })
      t.after(() => handler.close())
      const refused = handler.handle(createRequest({ url: '/cgi-bin/host.cgi' }))
      await assert.rejects(refused, { code: 'CGI_ERR_SPAWN', reason: /E2BIG/ })
    },
  )
}

void t.test(
  'LOG-1 a link that leaves the root is a 404, though the logger of the request fails',
  async (t) => {
    const folder = createTemporaryFolder(t)
    symlinkSync(path.join(root, 'host.cgi'), path.join(folder, 'link.cgi'))
    const handler = createCgiHandler({ root: folder })
    t.after(() => handler.close())
    let calls = 0
    const fail = (): never => {
      calls += 1
      throw new Error('no room')
    }
    const logger = { warn: fail, error: fail }
    t.after(() => mock.reset())
    const write = mock.method(process.stderr, 'write', () => true)
    const answering = handler.handle(createRequest({ url: '/cgi-bin/link.cgi', logger }))
    await assert.rejects(answering, { code: 'CGI_ERR_NOT_FOUND' })
    write.mock.restore()
    assert.equal(calls, 1)
  },
)

void t.test(
  'LIM-4 a stream of HTTP/2 that is over before the gateway comes is not kept',
  async (t) => {
    const handler = createCgiHandler({ root })
    let kept: WeakRef<object> | undefined
    const server = createServer((request, response) => {
      // The application is still busy with something else.
      response.once('close', () => {
        const view = { native: request, mount: '/cgi-bin', url: '/cgi-bin/host.cgi' }
        // What its compatibility layer makes is what node:http makes, but for its types.
        const message = request as unknown as IncomingMessage
        const reply = response as unknown as ServerResponse
        kept = new WeakRef(response)
        handler.handle(new Exchange(message, reply, view).request).catch(() => {})
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // A server that listens on a port has an address of this kind.
    const { port } = server.address() as AddressInfo
    const session = connect(`http://127.0.0.1:${port}`)
    t.after(async () => {
      session.close()
      server.close()
      await handler.close()
    })
    const stream = session.request()
    stream.on('error', () => {})
    server.once('stream', () => stream.close(constants.NGHTTP2_CANCEL))
    await until(() => kept !== undefined, 'the gateway has the request')
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    await until(() => {
      collectGarbage()
      return kept?.deref() === undefined
    }, 'its response is garbage')
  },
)

void t.test('LIM-4 a script that runs does not keep what was made for its start', async () => {
  let kept: WeakRef<object> | undefined
  let end: ((exit: ScriptExit) => void) | undefined
  const stdout = new Readable({ read() {} })
  stdout.push('Content-Type: text/plain\n\nhello')
  const spawner = {
    spawn: async ({ environment }: { environment: object }) => {
      kept = new WeakRef(environment)
      const exit = new Promise<ScriptExit>((resolve) => void (end = resolve))
      return {
        pid: 2 ** 22 + 1,
        stdin: null,
        stdout: toOutput(stdout),
        stderr: toOutput(new Readable({ read() {} })),
        exit,
        signalGroup: () => false,
      }
    },
  }
  const handler = createCgiHandler({ root, spawner })
  const answer = await handler.handle(createRequest({ url: '/cgi-bin/host.cgi' }))
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  await until(() => {
    collectGarbage()
    return kept?.deref() === undefined
  }, 'its environment is garbage')
  assert.equal(answer?.type, 'response')
  assert.equal(handler.stats().running, 1)
  stdout.push(null)
  end?.({ exitCode: 0, signal: null })
  await handler.close()
})
