import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import {
  type Adapter,
  express5,
  fastify5,
  fastify5Http2,
  nodeHttp,
  type RunningGateway,
} from '../../support/adapters.js'
import {
  chunksOf,
  dial,
  leave,
  open,
  openHttp2,
  openSession,
  readToEnd,
  readUntil,
  send,
} from '../../support/client.js'
import { isRunning, until, untilGone } from '../../support/processes.js'
import { APPLICATIONS } from '../peers/programs.js'

const BOUNDED = { timeout: 60_000 }
const MEGABYTE = 1024 ** 2

/** Starts a gateway with so many processes of php-cgi for the scripts of the fixtures. */
async function start(t: Test, adapter: Adapter, processes = 2): Promise<RunningGateway> {
  const php = fastcgi({ spawn: 'php-cgi', processes })
  const options = { root: APPLICATIONS, interpreters: { '.php': php }, killTimeout: 500 }
  const gateway = await adapter.start({ options })
  t.after(() => gateway.close())
  return gateway
}

function createPipe(t: Test): string {
  const pipe = path.join(createTemporaryFolder(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  return pipe
}

/** No request runs, nothing was a failure of PHP, and the next requests are answered. */
async function assertSound(gateway: RunningGateway): Promise<void> {
  await until(() => gateway.stats().running === 0, 'no request runs')
  const upstreams = gateway.stats().upstreams ?? []
  assert.deepEqual(
    upstreams.map(({ failures }) => failures),
    upstreams.map(() => 0),
  )
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => send(gateway, '/cgi-bin/app.php/missing')),
  )
  assert.deepEqual(
    answers.map(({ status, text }) => [status, text]),
    answers.map(() => [404, 'none']),
  )
}

void t.test('php-cgi and its clients', needs('php-cgi'), async (t) => {
  for (const adapter of [nodeHttp, express5, fastify5, fastify5Http2]) {
    void t.test(`RES-4 events of PHP arrive one by one (${adapter.name})`, BOUNDED, async (t) => {
      const gateway = await start(t, adapter)
      const pipe = createPipe(t)
      const response = await open(gateway, `/cgi-bin/events.php?${pipe}`)
      assert.match(String(response.headers['content-type']), /^text\/event-stream/)
      const next = chunksOf(response)
      assert.match((await next()) ?? '', /^data: first of \d+\n\n$/)
      writeFileSync(pipe, '\n')
      assert.equal(await next(), 'data: second\n\n')
      assert.equal(await next(), null)
      await assertSound(gateway)
    })

    void t.test(`UP-4 a reader of events that leaves (${adapter.name})`, BOUNDED, async (t) => {
      const gateway = await start(t, adapter, 1)
      const response = await open(gateway, `/cgi-bin/events.php?${createPipe(t)}`)
      response.on('error', () => {})
      const first = await chunksOf(response)()
      const pid = Number(/\d+/.exec(first ?? '')?.[0])
      leave(response)
      await untilGone(pid)
      await assertSound(gateway)
    })
  }

  void t.test('BODY-1 an upload that waits for 100 Continue', BOUNDED, async (t) => {
    const gateway = await start(t, nodeHttp)
    const body = Buffer.alloc(3 * MEGABYTE, 'x')
    const socket = await dial(gateway)
    socket.write(
      'POST /cgi-bin/app.php/digest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' +
        `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await readUntil(socket, /^HTTP\/1.1 100 Continue\r\n\r\n$/)
    socket.write(body)
    const digest = createHash('sha256').update(body).digest('hex')
    assert.match(await readToEnd(socket), new RegExp(`${body.length} ${digest}`))
    await assertSound(gateway)
  })

  void t.test('LIFE-5 a client that closes its sending side has its answer', BOUNDED, async (t) => {
    const gateway = await start(t, nodeHttp)
    const pipe = createPipe(t)
    const socket = await dial(gateway)
    socket.end(`GET /cgi-bin/events.php?${pipe} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await readUntil(socket, /data: first of/)
    const rest = readToEnd(socket)
    writeFileSync(pipe, '\n')
    assert.match(await rest, /data: second\n\n/)
    await assertSound(gateway)
  })

  void t.test('LIFE-5 one that closes it within its body has none', BOUNDED, async (t) => {
    const gateway = await start(t, nodeHttp)
    for (const framing of [
      'Content-Length: 1000\r\n\r\nhalf',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    ]) {
      const socket = await dial(gateway)
      socket.end(`POST /cgi-bin/app.php/digest HTTP/1.1\r\nHost: a\r\n${framing}`)
      assert.match(await readToEnd(socket), /^(?:HTTP\/1\.1 400 [^]*)?$/)
    }
    await assertSound(gateway)
  })

  void t.test('UP-4 a stream that is reset within the answer', BOUNDED, async (t) => {
    const gateway = await start(t, fastify5Http2)
    const session = openSession(gateway)
    t.after(() => session.destroy())
    const pipe = createPipe(t)
    const other = await openHttp2(session, `/cgi-bin/events.php?${pipe}`)
    const next = chunksOf(other)
    await next()
    for (let count = 0; count < 5; count += 1) {
      const reset = await openHttp2(session, '/cgi-bin/app.php/slow')
      reset.on('error', () => {}).close(8)
      await until(() => gateway.stats().running === 1, 'its slot is free')
    }
    // The others in the session go on.
    writeFileSync(pipe, '\n')
    assert.equal(await next(), 'data: second\n\n')
    await assertSound(gateway)
  })

  void t.test('UP-4 a stream that is reset within its body', BOUNDED, async (t) => {
    const gateway = await start(t, fastify5Http2)
    const session = openSession(gateway)
    t.after(() => session.destroy())
    const count = (): number => gateway.stats().running + gateway.stats().queued
    for (const headers of [[], ['Content-Length', '1000000']]) {
      const aborting = new AbortController()
      const body = new PassThrough()
      const sending = { method: 'POST', headers, body, signal: aborting.signal }
      const left = openHttp2(session, '/cgi-bin/app.php/digest', sending)
      body.write(Buffer.alloc(100_000))
      await until(() => count() > 0, 'it has begun')
      aborting.abort()
      await assert.rejects(left)
      await until(() => count() === 0, 'nothing is left of it')
    }
    await assertSound(gateway)
  })

  void t.test('UP-4 40 streams that are reset at once', BOUNDED, async (t) => {
    const gateway = await start(t, fastify5Http2)
    const session = openSession(gateway)
    t.after(() => session.destroy())
    const aborting = new AbortController()
    const all = Array.from({ length: 40 }, () =>
      openHttp2(session, '/cgi-bin/app.php/slow', { signal: aborting.signal }).then(
        (stream) => void stream.on('error', () => {}),
        () => {},
      ),
    )
    await until(() => gateway.stats().queued > 0, 'some wait')
    aborting.abort()
    await Promise.all(all)
    await assertSound(gateway)
  })

  void t.test('LIFE-4 close() amid requests of all kinds leaves nothing', BOUNDED, async (t) => {
    const php = fastcgi({ spawn: 'php-cgi', processes: 3 })
    const gateway = await nodeHttp.start({
      options: {
        root: APPLICATIONS,
        interpreters: { '.php': php },
        closeTimeout: 300,
        killTimeout: 300,
      },
    })
    t.after(() => gateway.close())
    // One of each: an answer that flows, a body that arrives, a page that is silent, and a request that waits.
    const events = await open(gateway, `/cgi-bin/events.php?${createPipe(t)}`)
    events.on('error', () => {}).resume()
    const body = new PassThrough()
    const headers = ['Content-Length', '1000000']
    const upload = send(gateway, '/cgi-bin/app.php/digest', { method: 'POST', headers, body })
    body.write('begun')
    const silent = send(gateway, '/cgi-bin/app.php/silent')
    await until(() => gateway.stats().running === 3, 'three run')
    const waiting = send(gateway, '/cgi-bin/app.php/missing')
    await until(() => gateway.stats().queued === 1, 'one waits')
    let pids: number[] = []
    await until(() => {
      pids = (gateway.stats().upstreams ?? []).flatMap(({ pid }) => pid ?? [])
      return pids.length === 3
    }, 'their processes have started')
    const settled = Promise.allSettled([upload, silent])
    const closed = gateway.shutDown()
    assert.equal((await waiting).status, 503)
    await closed
    assert.deepEqual(pids.filter(isRunning), [])
    assert.equal(gateway.stats().running, 0)
    for (const outcome of await settled) {
      if (outcome.status === 'fulfilled') assert.equal(outcome.value.status, 503)
    }
  })
})
