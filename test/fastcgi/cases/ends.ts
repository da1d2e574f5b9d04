import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { dial, leave, open } from '../../support/client.js'
import { until } from '../../support/processes.js'
import { type Case, echoes, hangs, HEADER, says, type Stage } from '../case.js'
import type { ScriptedUpstream } from '../scripted-upstream.js'

/** ABORT_REQUEST and the close, long before any time-out. */
async function ended(upstream: ScriptedUpstream, index = 0): Promise<void> {
  const call = await upstream.call(index)
  const start = performance.now()
  await call.aborted()
  // An application that has ended its own work closes, too.
  await call.connection.closed
  const duration = performance.now() - start
  assert.ok(duration < 10_000, `closed after ${duration} ms`)
}

async function isFree(stage: Stage): Promise<void> {
  await until(() => stage.gateway.stats().running === 0, 'the slot is free')
}

const LEAVING: readonly Case[] = [
  {
    name: 'UP-4 the client leaves while the application is silent',
    upstreams: [hangs],
    fastcgi: { maxConnections: 1 },
    async play(stage) {
      const controller = new AbortController()
      const answered = stage.send('/', { signal: controller.signal }).catch(() => null)
      await stage.upstream.call()
      controller.abort()
      await ended(stage.upstream)
      await answered
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 the client leaves in the body of the answer',
    upstreams: [(call) => void call.stdout(`${HEADER}begun`)],
    async play(stage) {
      const response = await open(stage.gateway, '/cgi-bin/')
      leave(response.on('error', () => {}))
      await ended(stage.upstream)
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 the client leaves in the middle of a large answer',
    upstreams: [
      (call) => {
        call.stdout(HEADER)
        for (let sent = 0; sent < 200; sent += 1) call.stdout(Buffer.alloc(65_000))
      },
    ],
    async play(stage) {
      const response = await open(stage.gateway, '/cgi-bin/')
      leave(response.on('error', () => {}))
      const call = await stage.upstream.call()
      await call.connection.closed
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 the client leaves in the middle of its body',
    upstreams: [echoes],
    isHttp1: true,
    async play(stage) {
      const socket = await dial(stage.gateway)
      socket.write('POST /cgi-bin/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun')
      const call = await stage.upstream.call()
      await call.bodyBegun()
      socket.resetAndDestroy()
      await ended(stage.upstream)
      assert.equal(call.hasWholeBody, false)
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 a body that the client ends too early is not taken for a whole one',
    upstreams: [echoes],
    isHttp1: true,
    async play(stage) {
      const socket = await dial(stage.gateway)
      socket.write('POST /cgi-bin/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun')
      const call = await stage.upstream.call()
      socket.end()
      await call.connection.closed
      assert.equal(call.hasWholeBody, false)
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 an application that goes on after ABORT_REQUEST is closed',
    upstreams: [
      (call) => {
        call.stdout(HEADER)
        const more = setInterval(() => call.stdout('more '), 5)
        call.connection.socket.on('close', () => clearInterval(more))
      },
    ],
    async play(stage) {
      leave((await open(stage.gateway, '/cgi-bin/')).on('error', () => {}))
      const { connection } = await stage.upstream.call()
      await connection.closed
      await isFree(stage)
    },
  },
  {
    name: 'UP-4 a kept connection is not used again after an abort',
    upstreams: [
      (call) => {
        if (call.path === '/hang') void call.aborted().then(() => call.end())
        else call.answer(call.path)
      },
    ],
    fastcgi: { keepAlive: true, maxConnections: 1 },
    async play(stage) {
      await stage.send('/a')
      const controller = new AbortController()
      const answered = stage.send('/hang', { signal: controller.signal }).catch(() => null)
      await until(() => stage.upstream.count('/hang') === 1, 'it hangs')
      controller.abort()
      await answered
      for (const path of ['/b', '/c']) assert.equal((await stage.send(path)).text, path)
    },
  },
  {
    name: 'LIFE-1 killOnDisconnect: false lets the application finish',
    upstreams: [
      async (call) => {
        await call.proceeds
        call.answer('finished')
      },
    ],
    gateway: { killOnDisconnect: false },
    async play(stage) {
      const controller = new AbortController()
      const answered = stage.send('/', { signal: controller.signal }).catch(() => null)
      const call = await stage.upstream.call()
      controller.abort()
      await answered
      await delay(100)
      assert.deepEqual([call.isAborted, call.connection.isClosed], [false, false])
      call.proceed()
      await isFree(stage)
      assert.equal(call.isAborted, false)
    },
  },
]

const TIMEOUTS: readonly Case[] = [
  {
    name: 'LIM-1 headersTimeout is 504, and aborts',
    upstreams: [hangs],
    gateway: { headersTimeout: 1_000 },
    async play(stage) {
      assert.equal((await stage.send('/')).status, 504)
      await stage.gateway.logged(({ code }) => code === 'CGI_ERR_HEADERS_TIMEOUT')
      await ended(stage.upstream)
    },
  },
  {
    name: 'LIM-1 headersTimeout in the middle of the header is 504, and is not repeated',
    upstreams: [(call) => void call.stdout('Content-Type: te'), says('never')],
    gateway: { headersTimeout: 1_000 },
    fastcgi: { retry: 'safe' },
    expected: { status: 504, code: 'CGI_ERR_HEADERS_TIMEOUT', seen: [1, 0] },
  },
  {
    name: 'LIM-1 bodyTimeout cuts the answer, and aborts',
    upstreams: [(call) => void call.stdout(`${HEADER}begun`)],
    gateway: { bodyTimeout: 1_000 },
    async play(stage) {
      await assert.rejects(stage.send('/'))
      await ended(stage.upstream)
    },
  },
  {
    name: 'LIM-1 requestTimeout is 504, and aborts',
    upstreams: [hangs],
    gateway: { requestTimeout: 1_000 },
    async play(stage) {
      assert.equal((await stage.send('/')).status, 504)
      await stage.gateway.logged(({ code }) => code === 'CGI_ERR_REQUEST_TIMEOUT')
      await ended(stage.upstream)
    },
  },
  {
    name: 'LIM-1 requestTimeout cuts an answer that flows',
    upstreams: [
      (call) => {
        call.stdout(HEADER)
        const more = setInterval(() => call.stdout('more '), 10)
        call.connection.socket.on('close', () => clearInterval(more))
      },
    ],
    gateway: { requestTimeout: 1_000 },
    async play(stage) {
      await assert.rejects(stage.send('/'))
      await (await stage.upstream.call()).connection.closed
    },
  },
  {
    name: 'LIM-1 a slot is free, and the next request is served, after a time-out',
    upstreams: [(call) => (call.path === '/hang' ? undefined : call.answer('next'))],
    fastcgi: { maxConnections: 1 },
    gateway: { headersTimeout: 1_000 },
    async play(stage) {
      for (let round = 0; round < 3; round += 1) {
        assert.equal((await stage.send('/hang')).status, 504)
        assert.equal((await stage.send('/next')).text, 'next')
      }
    },
  },
]

const CLOSING: readonly Case[] = [
  {
    name: 'LIFE-4 close() closes the kept connections',
    upstreams: [says('good')],
    fastcgi: { keepAlive: true },
    async play(stage) {
      await stage.send('/')
      await stage.gateway.close()
      await Promise.all(stage.upstream.connections.map(({ closed }) => closed))
    },
  },
  {
    name: 'LIFE-4 close() waits for the request that runs',
    upstreams: [
      async (call) => {
        await call.proceeds
        call.answer('finished')
      },
    ],
    async play(stage) {
      const answered = stage.send('/')
      const call = await stage.upstream.call()
      const closed = stage.gateway.shutDown()
      await delay(50)
      assert.equal(call.isAborted, false)
      call.proceed()
      assert.equal((await answered).text, 'finished')
      await closed
    },
  },
  {
    name: 'LIFE-4 close() aborts a request after closeTimeout',
    upstreams: [hangs],
    gateway: { closeTimeout: 50 },
    async play(stage) {
      const answered = stage.send('/').catch(() => null)
      await stage.upstream.call()
      const closed = stage.gateway.shutDown()
      await ended(stage.upstream)
      await answered
      await closed
    },
  },
  {
    name: 'LIFE-4 close() during an upload',
    upstreams: [hangs],
    gateway: { closeTimeout: 50 },
    isHttp1: true,
    async play(stage) {
      const body = new Readable({ read() {} })
      body.push('begun')
      const headers = ['Content-Length', '100']
      const answered = stage.send('/', { method: 'POST', headers, body }).catch(() => null)
      await stage.upstream.call()
      await stage.gateway.shutDown()
      await (await stage.upstream.call()).connection.closed
      body.push(null)
      await answered
    },
  },
]

export const endCases: readonly Case[] = [...LEAVING, ...TIMEOUTS, ...CLOSING]
