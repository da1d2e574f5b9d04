import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { until } from '../../support/processes.js'
import { type Case, echoes, HEADER, says, type Stage } from '../case.js'
import type { Behaviour, Call, ScriptedUpstream } from '../scripted-upstream.js'
import { startUnreadListener, type UnreadListener } from '../unread-listener.js'

const KEEP = { keepAlive: true } as const

const REPEATABLE = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']
const ALL = [...REPEATABLE, 'POST', 'PATCH']

/** What a request of this method sends. */
function bodyOf(method: string): { method: string; body?: string } {
  return ['GET', 'HEAD', 'OPTIONS'].includes(method) ? { method } : { method, body: 'content' }
}

const closes = (call: Call): void => void call.connection.socket.end()
const resets = (call: Call): void => call.connection.reset()
const overloaded = (call: Call): void => void call.end(0, 2)

/** Answers the first request of each connection, and then does something else. */
const onlyFirst =
  (then: (call: Call) => unknown): ((call: Call) => unknown) =>
  (call) =>
    call.connection.calls.length === 1 ? call.answer(call.path) : then(call)

/** Answers the first request of each connection but one for `/held`, and closes at the second. */
const losesSecondAndHolds: Behaviour['answer'] = (call) => {
  if (call.path !== '/held') onlyFirst(closes)(call)
}

/** By their addresses. */
const UNREAD_LISTENERS = new Map<string, UnreadListener>()

/** The requests that all upstreams got, for this path. */
function seen({ upstreams }: Stage, path: string): number {
  return upstreams.reduce((sum, upstream) => sum + upstream.count(path), 0)
}

/** The retries of all upstreams. */
function retries({ stats }: Stage): number {
  return stats().reduce((sum, each) => sum + each.retries, 0)
}

const REFUSED: readonly Case[] = ALL.map((method) => ({
  name: `UP-5 ${method}: an upstream that refuses connections is passed over`,
  upstreams: [says('never'), says('from the other')],
  async play(stage) {
    await stage.upstreams[0]?.stop()
    for (const path of ['/a', '/b', '/c']) {
      const answer = await stage.send(path, bodyOf(method))
      assert.equal(answer.status, 200)
      assert.equal(seen(stage, path), 1)
    }
  },
}))

const REJECTED: readonly Case[] = [1, 2].flatMap((status) =>
  ALL.map(
    (method): Case => ({
      name: `UP-5 ${method}: protocolStatus ${status} is passed over, once`,
      upstreams: [(call) => void call.end(0, status), echoes],
      async play(stage) {
        for (const path of ['/a', '/b', '/c']) {
          const answer = await stage.send(path, bodyOf(method))
          assert.equal(answer.status, 200)
          assert.equal(answer.text, method === 'HEAD' ? '' : (bodyOf(method).body ?? ''))
          assert.equal(stage.upstreams[1]?.count(path), 1)
        }
        assert.ok(retries(stage) >= 1)
      },
    }),
  ),
)

/** What shows that the application has seen a request. */
const SEEN: Readonly<Record<string, (call: Call) => void>> = {
  'a close behind a byte of standard error': (call) =>
    void call.stderr('begun\n').connection.socket.end(),
  'a close behind a byte of the header': (call) => void call.stdout('C').connection.socket.end(),
  'an end without an answer': (call) => void call.end(),
}

/** A kept connection that turns out to be of no use. */
const STALE: readonly Case[] = [
  ...ALL.map(
    (method): Case => ({
      name: `UP-5 ${method}: a kept connection that was closed while idle costs nothing`,
      upstreams: [(call) => void call.answer(call.path)],
      fastcgi: KEEP,
      async play(stage) {
        await stage.send('/first')
        const { connection } = await stage.upstream.call()
        connection.socket.end()
        const answer = await stage.send('/next', bodyOf(method))
        assert.equal(answer.status, 200)
        assert.equal(stage.upstream.count('/next'), 1)
      },
    }),
  ),
  ...[closes, resets].flatMap((fails) =>
    ALL.map(
      (method): Case => ({
        name: `UP-5 ${method}: a kept connection that ${fails.name} at the next request costs nothing`,
        upstreams: [onlyFirst(fails)],
        fastcgi: KEEP,
        async play(stage) {
          await stage.send('/first')
          const answer = await stage.send('/next', bodyOf(method))
          assert.equal(answer.status, 200)
          // What is not idempotent is not risked on a kept connection.
          const most = REPEATABLE.includes(method) ? 2 : 1
          assert.ok(stage.upstream.count('/next') <= most)
        },
      }),
    ),
  ),
  {
    name: 'UP-5 a kept connection that closes at the next request costs no wait for another upstream',
    upstreams: () => [losesSecondAndHolds, losesSecondAndHolds],
    fastcgi: { ...KEEP, maxConnections: 1 },
    async play(stage) {
      await stage.send('/first')
      const first = stage.upstreams.find((upstream) => upstream.count('/first') === 1)
      const other = stage.upstreams.find((upstream) => upstream !== first)
      const held = stage.send('/held')
      await until(() => other?.count('/held') === 1, 'the other upstream is busy')
      assert.equal((await stage.send('/next')).text, '/next')
      assert.equal(first?.count('/next'), 2)
      other?.calls[0]?.answer('held')
      assert.equal((await held).text, 'held')
    },
  },
  {
    name: 'UP-5 PUT of 3 MB: what cannot be sent again is not risked on a kept connection',
    upstreams: [onlyFirst(closes)],
    fastcgi: KEEP,
    async play(stage) {
      await stage.send('/first')
      const body = Readable.from(Array.from({ length: 30 }, () => Buffer.alloc(100_000)))
      const headers = ['Content-Length', '3000000']
      const answer = await stage.send('/next', { method: 'PUT', headers, body })
      assert.equal(answer.status, 200)
      assert.equal(stage.upstream.count('/next'), 1)
    },
  },
  {
    name: 'UP-5 PUT of a body without a length is read from its beginning when sent again',
    upstreams: [
      async (call) => {
        if (call.path === '/next' && call.connection.calls.length > 1) closes(call)
        else call.answer(await call.body())
      },
    ],
    fastcgi: KEEP,
    async play(stage) {
      await stage.send('/first')
      const content = Buffer.alloc(2_000_000, 'abcdefg')
      const body = Readable.from([content.subarray(0, 700_000), content.subarray(700_000)])
      const answer = await stage.send('/next', { method: 'PUT', body })
      assert.ok(answer.bytes.equals(content))
    },
  },
  ...Object.entries(SEEN).map(
    ([what, then]): Case => ({
      name: `UP-5 on a kept connection, ${what} is not repeated`,
      upstreams: [onlyFirst(then)],
      fastcgi: KEEP,
      async play(stage) {
        await stage.send('/first')
        assert.equal((await stage.send('/next')).status, 502)
        assert.equal(stage.upstream.count('/next'), 1)
      },
    }),
  ),
]

/** A new connection that is closed: what the application has done is not known. */
const UNKNOWN: readonly Case[] = [
  ...ALL.flatMap((method) =>
    (['unsent', 'safe'] as const).map((retry): Case => {
      const isRepeated = retry === 'safe' && ['GET', 'HEAD', 'OPTIONS'].includes(method)
      return {
        name: `UP-5 ${method}, retry '${retry}': closed after the request was read is ${isRepeated ? 'sent to another' : '502'}`,
        upstreams: oneCloses,
        fastcgi: { retry },
        async play(stage) {
          const answer = await stage.send('/once', bodyOf(method))
          assert.equal(answer.status, isRepeated ? 200 : 502)
          assert.equal(seen(stage, '/once'), isRepeated ? 2 : 1)
        },
      }
    }),
  ),
  {
    name: 'UP-5 GET, retry ‘safe’: what one upstream has lost waits for a place on the other, and nothing waits for it',
    upstreams: () => [losesAndHolds, losesAndHolds],
    fastcgi: { retry: 'safe', maxConnections: 2 },
    async play(stage) {
      const held = [1, 2, 3, 4].map(() => stage.send('/held'))
      await until(() => seen(stage, '/held') === 4, 'all places are taken')
      const [first, other] = stage.upstreams
      for (const call of first?.calls ?? []) call.answer('held')
      const isIdle = (): boolean =>
        stage.stats()[0]?.busy === 0 && first?.calls.every(isClosed) === true
      await until(isIdle, 'one upstream is idle')
      const lost = stage.send('/lost')
      await until(() => retries(stage) === 1, 'it is sent again')
      assert.equal((await stage.send('/next')).text, '/next')
      other?.calls[0]?.answer('held')
      assert.equal((await lost).text, '/lost')
      other?.calls[1]?.answer('held')
      for (const answer of await Promise.all(held)) assert.equal(answer.text, 'held')
      assert.equal(first?.count('/lost'), 1)
      assert.equal(other?.count('/lost'), 1)
      assert.equal(other?.count('/next'), 0)
    },
  },
  {
    name: 'UP-5 GET, retry ‘safe’: requests that wait for the other upstream take no place on the one that has lost them',
    upstreams: () => [losesOrHolds, losesOrHolds],
    fastcgi: { retry: 'safe', maxConnections: 1 },
    async play(stage) {
      const held = stage.send('/held')
      await until(() => seen(stage, '/held') === 1, 'one upstream is busy')
      const lost = stage.send('/lost')
      await until(() => retries(stage) === 1, 'it is sent again')
      assert.equal((await stage.send('/next')).text, '/next')
      const busy = stage.upstreams.find((upstream) => upstream.count('/held') === 1)
      busy?.calls[0]?.answer('held')
      assert.equal((await held).text, 'held')
      assert.equal((await lost).text, '/lost')
      assert.equal(busy?.count('/next'), 0)
    },
  },
  {
    name: 'UP-5 GET, retry ‘safe’: what one upstream has lost does not come back to it from one that refuses it',
    isFastcgi: true,
    upstreams: loseOrRefuse,
    fastcgi: { retry: 'safe' },
    expected: { text: 'second' },
  },
  {
    name: 'UP-5 GET, retry ‘safe’: what one upstream has lost goes to the other, though that has more to do',
    upstreams: () => [losesAndHolds, losesAndHolds],
    fastcgi: { retry: 'safe', maxConnections: 4 },
    async play(stage) {
      const held = stage.send('/held')
      await until(() => seen(stage, '/held') === 1, 'one upstream is busy')
      assert.equal((await stage.send('/lost')).text, '/lost')
      const busy = stage.upstreams.find((upstream) => upstream.count('/held') === 1)
      busy?.calls[0]?.answer('held')
      assert.equal((await held).text, 'held')
      assert.equal(busy?.count('/lost'), 1)
    },
  },
  {
    name: 'UP-5 GET, retry ‘safe’: a request that ends each application is sent twice at most',
    upstreams: [closes, closes, closes],
    fastcgi: { retry: 'safe' },
    async play(stage) {
      assert.equal((await stage.send('/poison')).status, 502)
      assert.equal(seen(stage, '/poison'), 2)
    },
  },
]

const isClosed = ({ connection }: Call): boolean => connection.isClosed

/** An upstream that holds what is for `/held`, and loses what is for `/lost` where it holds nothing. */
const losesAndHolds: Behaviour['answer'] = (call, upstream) => {
  if (call.path === '/held') return
  const isBusy = upstream.calls.some((each) => each.path === '/held' && !isClosed(each))
  if (call.path === '/lost' && !isBusy) closes(call)
  else call.answer(call.path)
}

/** An upstream that holds what is for `/held`, and loses what is for `/lost` where it has held nothing. */
const losesOrHolds: Behaviour['answer'] = (call, upstream) => {
  if (call.path === '/lost' && upstream.count('/held') === 0) closes(call)
  else if (call.path !== '/held') call.answer(call.path)
}

/** Two upstreams, of which the first to get a request loses each, and the other refuses one. */
function loseOrRefuse(): Behaviour['answer'][] {
  let first: ScriptedUpstream | undefined
  const answer: Behaviour['answer'] = (call, upstream) => {
    first ??= upstream
    if (upstream === first) closes(call)
    else if (upstream.calls.length === 1) overloaded(call)
    else call.answer('second')
  }
  return [answer, answer]
}

/** Two upstreams, the first of which to get a request closes the connection. */
function oneCloses(): Behaviour['answer'][] {
  let hasClosed = false
  const answer = (call: Call): void => {
    if (hasClosed) call.answer('second')
    else closes(call)
    hasClosed = true
  }
  return [answer, answer]
}

/** An application that has read nothing when it closes the connection: it cannot have begun. */
const UNREAD: readonly Case[] = ALL.filter((method) => bodyOf(method).body !== undefined).map(
  (method): Case => ({
    name: `UP-5 ${method}: what is not read when a Unix socket is closed goes to the next application`,
    upstreams: [echoes],
    address: async (t, [other]) => {
      const listener = await startUnreadListener(t, 'unix')
      UNREAD_LISTENERS.set(listener.address, listener)
      return [listener.address, other?.address ?? '']
    },
    async play(stage) {
      // Nothing is kept of so long a body, since nothing has been sent of it.
      const content = Buffer.alloc(1_000_000, 'abcdefg')
      const headers = ['Content-Length', String(content.length)]
      const body = Readable.from([content.subarray(0, 700_000), content.subarray(700_000)])
      const answered = stage.send('/', { method, headers, body })
      const listener = UNREAD_LISTENERS.get(stage.stats()[0]?.name.replace(/^unix:/, '') ?? '')
      await until(() => listener?.sockets.length === 1, 'it is connected')
      listener?.close()
      const answer = await answered
      assert.equal(answer.status, 200)
      assert.ok(answer.bytes.equals(content))
      assert.equal(stage.upstream.count('/'), 1)
    },
  }),
)

/** A request that is sent again may be lost in a backlog once more, which must not count as a second application. */
const UNREAD_AGAIN: Case = {
  name: 'UP-5 GET: what is sent again and not read when a Unix socket is closed goes to the next application',
  upstreams: [closes, echoes],
  fastcgi: { retry: 'safe' },
  address: async (t, [first, last]) => {
    const listener = await startUnreadListener(t, 'unix')
    UNREAD_LISTENERS.set(listener.address, listener)
    return [first?.address ?? '', listener.address, last?.address ?? '']
  },
  async play(stage) {
    const answered = stage.send('/')
    const listener = UNREAD_LISTENERS.get(stage.stats()[1]?.name.replace(/^unix:/, '') ?? '')
    await until(() => listener?.sockets.length === 1, 'it is connected')
    listener?.close()
    assert.equal((await answered).status, 200)
    assert.equal(seen(stage, '/'), 2)
  },
}

const BOUNDS: readonly Case[] = [
  {
    name: 'UP-5 OVERLOADED everywhere is 503 with Retry-After, after three attempts at most',
    upstreams: [overloaded, overloaded, overloaded, overloaded],
    async play(stage) {
      const answer = await stage.send('/busy', { method: 'POST', body: 'content' })
      assert.equal(answer.status, 503)
      assert.match(answer.all('retry-after')[0] ?? '', /^\d+$/)
      const attempts = seen(stage, '/busy')
      assert.ok(attempts >= 2 && attempts <= 3, `${attempts} attempts`)
      await stage.gateway.logged(({ code }) => code === 'CGI_ERR_BUSY')
    },
  },
  {
    name: 'UP-5 OVERLOADED by the one upstream for a moment',
    upstreams: [
      (call, upstream) => (upstream.calls.length < 2 ? overloaded(call) : call.answer('at last')),
    ],
    async play(stage) {
      const { status } = await stage.send('/busy', { method: 'POST', body: 'content' })
      // It may be full for as long as the queue waits, or at once.
      assert.ok(status === 200 || status === 503, String(status))
      assert.equal((await stage.send('/next')).text, 'at last')
    },
  },
  {
    name: 'UP-5 retries end with headersTimeout',
    upstreams: [
      (call) => void setTimeout(() => overloaded(call), 250),
      (call) => void setTimeout(() => overloaded(call), 250),
      (call) => void setTimeout(() => call.answer('too late'), 250),
    ],
    gateway: { headersTimeout: 400 },
    async play(stage) {
      const start = performance.now()
      const { status } = await stage.send('/slow')
      assert.ok(status === 504 || status === 503, String(status))
      assert.ok(performance.now() - start < 5_000)
    },
  },
  ...['GET', 'POST'].map(
    (method): Case => ({
      name: `UP-5 300 ${method} over connections that each serve three requests: none is lost, no POST is done twice`,
      upstreams: [recycles(3), recycles(3)],
      fastcgi: KEEP,
      async play(stage) {
        let number = 0
        const client = async (): Promise<void> => {
          while (number < 300) {
            number += 1
            const path = `/${number}`
            assert.equal((await stage.send(path, bodyOf(method))).status, 200)
            if (method === 'POST') assert.equal(seen(stage, path), 1)
          }
        }
        await Promise.all(Array.from({ length: 6 }, client))
      },
    }),
  ),
  {
    name: 'UP-5 nothing is sent again when the header has come',
    upstreams: [(call) => void call.stdout(`${HEADER}begun`).connection.socket.end(), says('no')],
    fastcgi: { retry: 'safe' },
    expected: { isCut: true, seen: [1, 0] },
  },
]

/** Keeps a connection for so many requests and closes it then, with the last answer or a moment later. */
function recycles(requests: number): Behaviour {
  return {
    answer(call) {
      call.answer(call.path)
      const { calls, socket, index } = call.connection
      if (calls.length < requests) return
      if (index % 2 === 0) socket.end()
      else setTimeout(() => socket.end(), 1)
    },
  }
}

export const retryCases: readonly Case[] = [
  ...REFUSED,
  ...REJECTED,
  ...STALE,
  ...UNKNOWN,
  ...(process.platform === 'linux' ? [...UNREAD, UNREAD_AGAIN] : []),
  ...BOUNDS,
]
