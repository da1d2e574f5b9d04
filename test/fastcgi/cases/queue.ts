import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../../support/processes.js'
import { type Case, says, type Stage } from '../case.js'
import type { Call } from '../scripted-upstream.js'

/** Answers when the test says so. */
async function onProceed(call: Call): Promise<void> {
  await call.proceeds
  call.answer(call.path)
}

/** Starts requests one after the other, so that they queue in this order. */
async function queue(stage: Stage, running: number, paths: string[]): Promise<Promise<unknown>[]> {
  const answers: Promise<unknown>[] = []
  for (const [index, path] of paths.entries()) {
    answers.push(stage.send(path))
    await until(() => {
      const stats = stage.gateway.stats()
      return stats.running + stats.queued === index + 1 && stats.running <= running
    }, `${path} runs or waits`)
  }
  return answers
}

const QUEUE: readonly Case[] = [
  {
    name: 'UP-6 maxConnections: more requests wait, first come, first served',
    upstreams: [onProceed],
    fastcgi: { maxConnections: 1 },
    async play(stage) {
      const paths = ['/1', '/2', '/3', '/4', '/5']
      const answers = await queue(stage, 1, paths)
      for (const index of paths.keys()) {
        const call = await stage.upstream.call(index)
        assert.equal(stage.upstream.calls.length, index + 1)
        call.proceed()
      }
      await Promise.all(answers)
      assert.deepEqual(
        stage.upstream.calls.map(({ path }) => path),
        paths,
      )
    },
  },
  {
    name: 'UP-6 one queue for all upstreams: what waits goes to the first that is free',
    upstreams: [onProceed, onProceed],
    fastcgi: { maxConnections: 1 },
    async play(stage) {
      const [one, other] = stage.upstreams
      const answers = await queue(stage, 2, ['/1', '/2', '/3', '/4'])
      assert.ok(one !== undefined && other !== undefined)
      ;(await other.call()).proceed()
      ;(await other.call(1)).proceed()
      const last = await other.call(2)
      assert.deepEqual([one.calls.length, last.path], [1, '/4'])
      one.calls[0]?.proceed()
      last.proceed()
      await Promise.all(answers)
    },
  },
  ...[{ maxQueue: 0 }, { queueTimeout: 50 }].map(
    (gateway): Case => ({
      name: `UP-6 ${JSON.stringify(gateway)}: a request too many is 503 with Retry-After`,
      upstreams: [onProceed],
      fastcgi: { maxConnections: 1 },
      gateway,
      async play(stage) {
        const [held] = await queue(stage, 1, ['/1'])
        const refused = await stage.send('/2')
        assert.equal(refused.status, 503)
        assert.match(refused.all('retry-after')[0] ?? '', /^\d+$/)
        ;(await stage.upstream.call()).proceed()
        await held
        assert.equal(stage.upstream.calls.length, 1)
      },
    }),
  ),
  {
    name: 'UP-6 a client that leaves the queue costs nothing',
    upstreams: [onProceed],
    fastcgi: { maxConnections: 1 },
    async play(stage) {
      const [held] = await queue(stage, 1, ['/1'])
      const controller = new AbortController()
      const left = stage.send('/2', { signal: controller.signal }).catch(() => null)
      await until(() => stage.gateway.stats().queued === 1, 'it waits')
      controller.abort()
      await left
      await until(() => stage.gateway.stats().queued === 0, 'it waits no more')
      ;(await stage.upstream.call()).proceed()
      await held
      const next = stage.send('/3')
      ;(await stage.upstream.call(1)).proceed()
      await next
      assert.equal(stage.upstream.count('/2'), 0)
    },
  },
  {
    name: 'UP-6 100 requests at 5 connections are all answered, never by more',
    upstreams: [(call) => void setTimeout(() => call.answer(call.path), 2)],
    fastcgi: { maxConnections: 5 },
    async play(stage) {
      let most = 0
      const watch = setInterval(() => {
        most = Math.max(most, stage.upstream.open.length)
      }, 1)
      const paths = Array.from({ length: 100 }, (_, index) => `/${index}`)
      const answers = await Promise.all(paths.map((path) => stage.send(path)))
      clearInterval(watch)
      assert.deepEqual(
        answers.map(({ text }) => text),
        paths,
      )
      // One that the upstream has closed may still be seen here beside the next.
      assert.ok(most <= 10, `${most} connections`)
    },
  },
  {
    name: 'UP-6 a slot is released once, whatever comes of its request',
    upstreams: [
      (call) => {
        if (call.path === '/double') call.stdout('\n').end().raw(call.endBytes()).raw('garbage')
        else if (call.path === '/reset') call.connection.reset()
        else call.answer('good')
      },
    ],
    fastcgi: { maxConnections: 1, keepAlive: true },
    async play(stage) {
      for (let round = 0; round < 3; round += 1) {
        for (const path of ['/double', '/reset', '/good']) await stage.send(path).catch(() => null)
      }
      await until(() => stage.gateway.stats().running === 0, 'all slots are free')
      assert.equal(stage.stats()[0]?.busy, 0)
      assert.equal((await stage.send('/good')).text, 'good')
    },
  },
]

const KEPT: readonly Case[] = [
  {
    name: 'UP-6 at the limit, an idle connection is closed where a new one is needed',
    upstreams: [says('good')],
    fastcgi: { maxConnections: 1, keepAlive: true },
    async play(stage) {
      for (let round = 0; round < 5; round += 1) {
        assert.equal((await stage.sendBy('GET')).text, 'good')
        assert.equal((await stage.sendBy('POST')).text, 'good')
      }
    },
  },
  {
    name: 'UP-6 kept connections and busy ones together are never more than maxConnections',
    upstreams: [(call) => void setTimeout(() => call.answer('good'), 1)],
    fastcgi: { maxConnections: 3, keepAlive: true },
    async play(stage) {
      const methods = ['GET', 'POST', 'PUT', 'GET']
      const all = Array.from({ length: 80 }, (_, index) =>
        stage.sendBy(methods[index % 4] ?? 'GET'),
      )
      const answers = await Promise.all(all)
      assert.ok(answers.every(({ text }) => text === 'good'))
      const [upstream] = stage.stats()
      assert.ok((upstream?.busy ?? 0) + (upstream?.idle ?? 0) <= 3)
    },
  },
  {
    name: 'UP-6 a kept connection is closed after its time',
    upstreams: [says('good')],
    fastcgi: { keepAlive: 60 },
    async play(stage) {
      await stage.send('/')
      await stage.upstream.connections[0]?.closed
      assert.equal(stage.stats()[0]?.idle, 0)
      assert.equal((await stage.send('/')).text, 'good')
    },
  },
  {
    name: 'UP-6 keepAlive: true keeps a connection, and closes it when no request comes',
    upstreams: [says('good')],
    fastcgi: { keepAlive: true },
    async play(stage) {
      await stage.send('/')
      await delay(100)
      const [connection] = stage.upstream.connections
      assert.ok(connection !== undefined && !connection.isClosed && !connection.hasEnded)
      const start = performance.now()
      await connection.closed
      assert.ok(performance.now() - start < 4_000)
    },
  },
]

export const queueCases: readonly Case[] = [...QUEUE, ...KEPT]
