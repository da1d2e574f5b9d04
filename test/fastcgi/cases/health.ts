import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { dial } from '../../support/client.js'
import { type Case, echoes, hangs, HEADER, says, type Stage } from '../case.js'
import type { Behaviour, Call } from '../scripted-upstream.js'
import { startUnreadListener } from '../unread-listener.js'

/** Sends so many requests, a few at a time; returns how many were not answered 200. */
async function lostOf(stage: Stage, requests: number, method = 'GET'): Promise<number> {
  let sent = 0
  let lost = 0
  const client = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1
      const { status } = await stage.sendBy(method, `/${sent}`)
      if (status !== 200) lost += 1
    }
  }
  await Promise.all(Array.from({ length: 4 }, client))
  return lost
}

/** Sends requests until one is answered 200; returns after how many ms. */
async function recoveryOf(stage: Stage): Promise<number> {
  const start = performance.now()
  for (let tries = 0; tries < 500; tries += 1) {
    if ((await stage.send('/')).status === 200) return performance.now() - start
    await delay(20)
  }
  throw new Error('it does not recover')
}

/** Ways to fail fast, each of which must count against the upstream that does it. */
const FAILING: readonly (readonly [what: string, behaviour: Behaviour])[] = [
  ['accepts and closes', { accept: ({ socket }) => void socket.end() }],
  ['accepts and resets', { accept: (connection) => connection.reset() }],
  ['closes after the variables', { answer: (call) => void call.connection.socket.end() }],
  ['answers by HTTP', { answer: (call) => call.raw('HTTP/1.1 400 Bad\r\n\r\n').finish() }],
  ['answers FCGI_UNKNOWN_ROLE', { answer: (call) => void call.end(0, 3) }],
  ['answers FCGI_CANT_MPX_CONN', { answer: (call) => void call.end(0, 1) }],
  ['answers by another version', { answer: (call) => void call.raw('\x02\x06'.repeat(8)) }],
]

const DRAWN: readonly Case[] = FAILING.map(([what, behaviour]) => ({
  name: `UP-7 an upstream that ${what} does not draw the requests`,
  ...(what.startsWith('answers') && { isFastcgi: true }),
  upstreams: [behaviour, says('good')],
  async play(stage) {
    const start = performance.now()
    const lost = await lostOf(stage, 60)
    // Four are sent at once; each probe may lose one, and the time between them doubles.
    const probes = Math.ceil(Math.log2(1 + (performance.now() - start) / 100))
    assert.ok(lost <= 5 + probes, `${lost} of 60 are lost, after ${probes} probes`)
    const failures = stage.stats().map((each) => each.failures)
    assert.ok((failures[0] ?? 0) >= 1, JSON.stringify(failures))
    assert.equal(failures[1], 0)
  },
}))

const DOWN: readonly Case[] = [
  {
    name: 'UP-7 none is lost where one of two upstreams refuses connections, by GET',
    upstreams: [says('never'), says('good')],
    async play(stage) {
      await stage.upstream.stop()
      assert.equal(await lostOf(stage, 60), 0)
    },
  },
  {
    name: 'UP-7 none is lost where one of two upstreams refuses connections, by POST',
    upstreams: [says('never'), says('good')],
    async play(stage) {
      await stage.upstream.stop()
      assert.equal(await lostOf(stage, 60, 'POST'), 0)
    },
  },
  {
    name: 'UP-7 an upstream that refuses connections is seen as down, and is used again when it is back',
    upstreams: [says('good'), says('good')],
    async play(stage) {
      await stage.upstream.stop()
      await lostOf(stage, 20)
      const stateOf = (): unknown => stage.stats()[0]?.state
      assert.equal(stateOf(), 'down')
      await stage.upstream.start()
      for (let tries = 0; tries < 300 && stage.upstream.calls.length === 0; tries += 1) {
        await lostOf(stage, 4)
        await delay(10)
      }
      assert.ok(stage.upstream.calls.length > 0)
      assert.equal(stateOf(), 'up')
    },
  },
  {
    name: 'UP-7 the one upstream refuses connections: 502, long before connectTimeout',
    upstreams: [says('back')],
    fastcgi: { connectTimeout: 30_000 },
    async play(stage) {
      await stage.upstream.stop()
      for (let count = 0; count < 5; count += 1) {
        const start = performance.now()
        assert.equal((await stage.sendBy('POST')).status, 502)
        const duration = performance.now() - start
        assert.ok(duration < 10_000, `${duration} ms`)
      }
      await stage.gateway.logged(({ code }) => code === 'CGI_ERR_NO_UPSTREAM')
    },
  },
  {
    name: 'UP-7 the one upstream is back: it serves within four seconds',
    upstreams: [says('back')],
    async play(stage) {
      await stage.upstream.stop()
      for (let count = 0; count < 10; count += 1) await stage.send('/')
      await stage.upstream.start()
      const duration = await recoveryOf(stage)
      assert.ok(duration < 4_000, `${duration} ms`)
    },
  },
  {
    name: 'UP-7 all upstreams were down, one is back: it serves within four seconds',
    upstreams: [says('never'), says('back'), says('never')],
    async play(stage) {
      for (const upstream of stage.upstreams) await upstream.stop()
      for (let count = 0; count < 6; count += 1) {
        assert.equal((await stage.send('/')).status, 502)
      }
      await stage.upstreams[1]?.start()
      const duration = await recoveryOf(stage)
      assert.ok(duration < 4_000, `${duration} ms`)
    },
  },
  {
    name: 'UP-7 an upstream that is down is tried by one request at a time',
    upstreams: [{ accept: ({ socket }) => void socket.end() }, says('good')],
    async play(stage) {
      await lostOf(stage, 20)
      // It hangs from now on, as a machine that is half dead; there may be one probe.
      const before = stage.upstream.connections.length
      stage.upstream.behaviour = { answer: hangs }
      const pending = Array.from({ length: 60 }, async (_, index) => {
        await delay(index * 10)
        return stage.send(`/${index}`).catch(() => null)
      })
      await Promise.race([Promise.all(pending), delay(1_500)])
      assert.ok(stage.upstream.connections.length - before <= 1)
      stage.upstream.behaviour = { answer: says('good') }
      for (const { connection } of stage.upstream.calls) connection.reset()
      await Promise.all(pending)
    },
  },
  {
    name: 'UP-7 a change of state is published',
    upstreams: [says('back')],
    async play(stage) {
      const states: unknown[] = []
      const listener = (message: unknown): void => void states.push(message)
      subscribe('common-gateway:upstream:change', listener)
      try {
        await stage.upstream.stop()
        await stage.send('/')
        await stage.upstream.start()
        await recoveryOf(stage)
      } finally {
        unsubscribe('common-gateway:upstream:change', listener)
      }
      const text = states.map((state) => JSON.stringify(state))
      assert.ok(
        text.some((each) => each.includes('"down"')),
        text.join(),
      )
      assert.ok(
        text.some((each) => each.includes('"up"')),
        text.join(),
      )
    },
  },
  {
    name: 'UP-7 an application that fails by its own exit code is not down',
    upstreams: [(call) => void call.stdout(`Status: 500\n\n`).end(1)],
    async play(stage) {
      for (let count = 0; count < 10; count += 1) {
        assert.equal((await stage.send('/')).status, 500)
      }
      const [upstream] = stage.stats()
      assert.deepEqual([upstream?.state, upstream?.failures], ['up', 0])
    },
  },
  {
    name: 'UP-7 a client that leaves is no failure of the upstream',
    upstreams: [hangs],
    async play(stage) {
      for (let count = 0; count < 5; count += 1) {
        const controller = new AbortController()
        const answered = stage.send('/', { signal: controller.signal }).catch(() => null)
        await stage.upstream.call(count)
        controller.abort()
        await answered
        await stage.upstream.connections[count]?.closed
      }
      const [upstream] = stage.stats()
      assert.deepEqual([upstream?.state, upstream?.failures], ['up', 0])
    },
  },
]

/** One page takes too long. */
const slowPage = (call: Call): unknown => (call.path === '/slow' ? undefined : call.answer('good'))

/** Upstreams that accept a request and never answer it, as one that is frozen or behind a cut cable. */
const SILENT: readonly Case[] = [
  {
    name: 'UP-7 an upstream that sends no byte within headersTimeout is down, until it answers again',
    upstreams: [hangs, says('good')],
    gateway: { headersTimeout: 1_000 },
    async play(stage) {
      // One at a time: ties go to the upstream with the fewest requests.
      for (const status of [504, 200, 504]) assert.equal((await stage.send('/')).status, status)
      const [silent] = stage.stats()
      assert.deepEqual([silent?.state, silent?.failures], ['down', 2])
      const start = performance.now()
      const lost = await lostOf(stage, 40)
      const probes = Math.ceil(Math.log2(1 + (performance.now() - start) / 100))
      assert.ok(lost <= probes, `${lost} of 40 are lost, after ${probes} probes`)
      stage.upstream.behaviour = { answer: says('good') }
      const isUp = (): boolean => stage.stats()[0]?.state === 'up'
      for (let tries = 0; tries < 500 && !isUp(); tries += 1) {
        await lostOf(stage, 4)
        await delay(20)
      }
      assert.ok(isUp())
    },
  },
  {
    name: 'UP-7 an application at a Unix socket that reads nothing loses two requests, and no probe',
    upstreams: [says('good')],
    address: async (t, [other]) => [
      (await startUnreadListener(t, 'unix')).address,
      other?.address ?? '',
    ],
    fastcgi: { connectTimeout: 200 },
    gateway: { headersTimeout: 2_000 },
    async play(stage) {
      for (const status of [504, 200, 504]) assert.equal((await stage.send('/')).status, status)
      const failures = (): number => stage.stats()[0]?.failures ?? 0
      assert.deepEqual([stage.stats()[0]?.state, failures()], ['down', 2])
      for (let tries = 0; tries < 1_000 && failures() < 4; tries += 1) {
        assert.equal(await lostOf(stage, 4, tries % 2 === 0 ? 'GET' : 'POST'), 0)
        await delay(10)
      }
      // Two probes have failed.
      assert.deepEqual([stage.stats()[0]?.state, failures()], ['down', 4])
    },
  },
  {
    name: 'UP-7 one request that takes too long is counted, and does not take its upstream out',
    upstreams: [slowPage, slowPage],
    gateway: { headersTimeout: 1_000 },
    async play(stage) {
      // Ties go to the upstream with the fewest requests: the first has both that are slow, and one between them.
      for (const [path, status] of [
        ['/slow', 504],
        ['/1', 200],
        ['/2', 200],
        ['/3', 200],
        ['/slow', 504],
      ] as const) {
        assert.equal((await stage.send(path)).status, status)
      }
      const [slow] = stage.stats()
      assert.deepEqual([slow?.state, slow?.failures], ['up', 2])
    },
  },
  {
    name: 'UP-7 a client that stalls with its body is no failure of the upstream',
    upstreams: [echoes],
    isHttp1: true,
    gateway: { headersTimeout: 1_000, minRate: 0 },
    async play(stage) {
      const socket = await dial(stage.gateway)
      socket.write('POST /cgi-bin/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun')
      const [answer] = await once(socket, 'data')
      assert.match(String(answer), /^HTTP\/1\.1 408 /)
      assert.equal(stage.stats()[0]?.failures, 0)
      socket.destroy()
    },
  },
]

const CHOICE: readonly Case[] = [
  {
    name: 'UP-7 ties go to the upstream with the fewest requests',
    upstreams: [says('a'), says('b'), says('c')],
    async play(stage) {
      for (let count = 0; count < 30; count += 1) await stage.send('/')
      assert.deepEqual(
        stage.upstreams.map(({ calls }) => calls.length),
        [10, 10, 10],
      )
    },
  },
  {
    name: 'UP-7 the least busy upstream gets the request',
    upstreams: [(call) => void holdOrAnswer(call), (call) => void holdOrAnswer(call)],
    async play(stage) {
      const held = [stage.send('/hold'), stage.send('/hold')]
      const [one, other] = stage.upstreams
      await one?.call()
      await other?.call()
      one?.calls[0]?.proceed()
      await Promise.race(held)
      for (let count = 0; count < 5; count += 1) await stage.send('/now')
      assert.deepEqual([one?.count('/now'), other?.count('/now')], [5, 0])
      other?.calls[0]?.proceed()
      await Promise.all(held)
    },
  },
  {
    name: 'UP-7 stats() has busy, requests and the name of each upstream',
    upstreams: [(call) => void holdOrAnswer(call), (call) => void holdOrAnswer(call)],
    async play(stage) {
      const held = stage.send('/hold')
      await Promise.race(stage.upstreams.map((upstream) => upstream.call()))
      const stats = stage.stats()
      assert.equal(stats.length, 2)
      assert.equal(stats[0]?.busy, 1)
      assert.equal(stats[1]?.busy, 0)
      assert.equal(stats[0]?.requests, 1)
      for (const [index, { name, state, idle }] of stats.entries()) {
        const { address } = stage.upstreams[index] ?? { address: '' }
        assert.ok(name.endsWith(address), name)
        assert.deepEqual([state, idle], ['up', 0])
      }
      stage.upstream.calls[0]?.proceed()
      await held
      assert.equal(stage.stats()[0]?.busy, 0)
    },
  },
]

async function holdOrAnswer(call: Call): Promise<void> {
  if (call.path === '/hold') await call.proceeds
  call.stdout(`${HEADER}done`).end()
}

const VALUES: readonly Case[] = [
  {
    name: 'UP-6 GET_VALUES that is never answered delays nothing',
    isFastcgi: true,
    upstreams: [says('at once')],
    async play(stage) {
      const start = performance.now()
      for (let count = 0; count < 5; count += 1) {
        assert.equal((await stage.send('/')).text, 'at once')
      }
      assert.ok(performance.now() - start < 5_000)
    },
  },
  {
    name: 'UP-6 an upstream that cannot take two requests on one connection gets one at a time',
    upstreams: [
      {
        values: { FCGI_MPXS_CONNS: '0', FCGI_MAX_CONNS: '100', FCGI_MAX_REQS: '100' },
        answer: says('one'),
      },
    ],
    fastcgi: { keepAlive: true },
    async play(stage) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => stage.send('/')))
      assert.ok(answers.every(({ text }) => text === 'one'))
    },
  },
]

export const healthCases: readonly Case[] = [...DRAWN, ...DOWN, ...SILENT, ...CHOICE, ...VALUES]
