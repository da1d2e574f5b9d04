import assert from 'node:assert/strict'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { RequestRecord } from '@internal/cli/journal/request-record.js'
import { refusalOf } from '@internal/cli/access/access.js'
import { RequestHistory } from '@internal/cli/status/history.js'
import { html } from '@internal/cli/text/markup.js'
import { describeDuration } from '@internal/cli/status/quantity.js'
import { Traffic } from '@internal/cli/status/traffic.js'
import { StatusUpdates } from '@internal/cli/status/updates.js'

/** A script's request that has ended well, but for what is given. */
function createRecord(given: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: 1,
    startTime: 1_000_000,
    method: 'GET',
    url: '/cgi-bin/a.sh',
    client: '127.0.0.1',
    isForPage: true,
    isScript: true,
    script: '/srv/cgi-bin/a.sh',
    pid: 4242,
    upstream: undefined,
    isWaiting: false,
    queueTime: 0,
    status: 200,
    headerTime: 10,
    duration: 20,
    bytesIn: 1,
    bytesOut: 2,
    exitCode: 0,
    signal: null,
    error: undefined,
    standardError: [],
    droppedBytes: 0,
    unloggedBytes: 0,
    isAborted: false,
    ...given,
  }
}

const LOCAL_HOSTS = ['localhost', 'LocalHost:8000', 'site.localhost:80', '127.0.0.1:8000']
LOCAL_HOSTS.push('127.8.9.10', '[::1]', '[::1]:8000', '[::ffff:127.0.0.1]')
const OTHER_HOSTS = [
  '',
  'example.org',
  'localhost.example.org',
  '127.0.0.1.example.org',
  '10.0.0.1',
]
OTHER_HOSTS.push(
  '[::2]',
  '0.0.0.0',
  'localhost@example.org',
  'a/localhost',
  '127.0.0.1:80:80',
  '2130706433',
)

void t.test('the status page is for this machine, by its own names, and for no proxy', async () => {
  const ask = (remoteAddress: string | undefined, headers: Record<string, string>): unknown => {
    // All that is read of a request.
    const request = { socket: { remoteAddress }, headers } as unknown as Parameters<
      typeof refusalOf
    >[0]
    return refusalOf(request)?.status ?? 200
  }
  for (const peer of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
    for (const host of LOCAL_HOSTS) assert.equal(ask(peer, { host }), 200, `${peer} ${host}`)
    for (const host of OTHER_HOSTS) assert.equal(ask(peer, { host }), 403, `${peer} ${host}`)
    assert.equal(ask(peer, {}), 403)
    assert.equal(ask(peer, { ':authority': 'localhost' }), 200)
    for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']) {
      assert.equal(ask(peer, { host: 'localhost', [name]: '127.0.0.1' }), 404, name)
    }
  }
  for (const peer of ['192.0.2.7', '10.0.0.1', 'fe80::1', '::', '::ffff:10.0.0.1', undefined]) {
    assert.equal(ask(peer, { host: 'localhost', 'x-forwarded-for': '127.0.0.1' }), 404, peer)
  }
})

void t.test(
  'pages of other sites may lead to the status page, and read nothing of it',
  async () => {
    const ask = (site: string, mode: string): number => {
      const headers = { host: 'localhost', 'sec-fetch-site': site, 'sec-fetch-mode': mode }
      // All that is read of a request.
      const request = { socket: { remoteAddress: '::1' }, headers } as unknown as Parameters<
        typeof refusalOf
      >[0]
      return refusalOf(request)?.status ?? 200
    }
    assert.equal(ask('same-origin', 'cors'), 200)
    assert.equal(ask('none', 'navigate'), 200)
    for (const site of ['cross-site', 'same-site']) {
      assert.equal(ask(site, 'navigate'), 200)
      assert.equal(ask(site, 'cors'), 403)
      assert.equal(ask(site, 'no-cors'), 403)
    }
  },
)

void t.test('every value of a template is escaped, but for HTML', async () => {
  const inner = html`<b>${'<&>"\''}</b>`
  const made = html`<p title="${'"'}">${inner}${[inner]}${null}${undefined}${7}${'\u202e\u0007'}</p>`
  const escaped = '<b>&lt;&amp;&gt;&quot;&#39;</b>'
  assert.equal(made.text, `<p title="&quot;">${escaped}${escaped}7\\u{202e}\\u{7}</p>`)
})

void t.test('times are shown in plain words', async () => {
  const times = [0.4, 1, 999.4, 999.6, 9_949, 9_951, 59_400, 59_600, 125_000, 3_599_600, 12_000_000]
  assert.deepEqual(times.map(describeDuration), [
    '< 1 ms',
    '1 ms',
    '999 ms',
    '1.0 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1 min 0 s',
    '2 min 5 s',
    '1 h 0 min',
    '3 h 20 min',
  ])
})

void t.test('the history keeps the last 200 runs and 100 others, and counts all', async () => {
  const history = new RequestHistory()
  for (let id = 1; id <= 300; id += 1) history.add(createRecord({ id }))
  for (let id = 301; id <= 500; id += 1) history.add(createRecord({ id, isScript: false }))
  history.add(createRecord({ id: 501, status: 502 }))
  history.add(createRecord({ id: 502, exitCode: null, signal: 'SIGTERM', isAborted: true }))
  const kept = history.after(0)
  assert.equal(kept.filter(({ isScript }) => isScript).length, 200)
  assert.equal(kept.filter(({ isScript }) => !isScript).length, 100)
  assert.deepEqual(
    kept.slice(0, 3).map(({ id }) => id),
    [502, 501, 500],
  )
  assert.deepEqual(
    history.after(500).map(({ id }) => id),
    [502, 501],
  )
  const [bytesIn, bytesOut] = [502, 1004]
  const totals = { requests: 502, runs: 302, failed: 1, left: 1, bytesIn, bytesOut }
  assert.deepEqual(history.totals, totals)
})

void t.test(
  'the history keeps the end of standard error, and nothing of the record itself',
  async () => {
    const history = new RequestHistory()
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`)
    const record = { ...createRecord({ standardError: lines }), connection: 'a socket' }
    history.add(record)
    const [kept] = history.after(0)
    assert.equal(kept?.standardError.at(-1), 'line 499')
    assert.equal(kept.standardError.length + kept.earlierLines, 500)
    assert.ok(kept.standardError.length < 100)
    assert.equal('connection' in kept, false)
    history.add(createRecord({ standardError: ['x'.repeat(100_000)] }))
    assert.ok((history.after(1)[0]?.standardError[0]?.length ?? Infinity) < 10_000)
  },
)

void t.test('the plots have a slot for every five seconds of five minutes', async () => {
  const traffic = new Traffic()
  const start = 1_000_000
  for (const [offset, headerTime, status] of [
    [0, 30, 200],
    [1_000, 10, 200],
    [2_000, 20, 500],
    [6_000, undefined, 200],
  ] as const) {
    const record = createRecord({ startTime: start + offset, headerTime, status })
    traffic.add(record)
    traffic.finish(record)
  }
  const slots = traffic.slots(start + 9_000)
  assert.equal(slots.length, 60)
  const [before, last] = slots.slice(-2)
  const times = { medianHeaderTime: 20, longestHeaderTime: 30 }
  assert.deepEqual(before, { requests: 3, failed: 1, ...times })
  assert.equal(last?.requests, 1)
  assert.equal(last.medianHeaderTime, undefined)
  const later = traffic.slots(start + 3_600_000)
  assert.ok(later.every(({ requests }) => requests === 0))
})

/** Updates whose time is the test's. */
function createUpdates(t: Test): {
  updates: InstanceType<typeof StatusUpdates>
  readonly tick: (milliseconds: number) => void
  state: { sequence: number; text: string; written: number; asked: number }
} {
  t.after(() => mock.reset())
  mock.timers.enable({ apis: ['setInterval', 'setImmediate', 'Date'] })
  const state = { sequence: 0, text: 'a', written: 0, asked: 0 }
  const source = {
    get sequence() {
      return state.sequence
    },
    isAging: false,
    parts: () => {
      state.written += 1
      return {
        totals: html`${state.text}`,
        plots: html``,
        upstreams: html``,
        warm: html``,
        now: html``,
      }
    },
    rowsAfter: (sequence: number) => {
      state.asked += 1
      return html`${'row '.repeat(state.sequence - sequence)}`
    },
  }
  const tick = (milliseconds: number): void => mock.timers.tick(milliseconds)
  return { updates: new StatusUpdates(source, 'epoch'), tick, state }
}

function parse(message: unknown): Record<string, unknown> {
  const [, data = ''] = /^data: (.+)\n\n$/.exec(String(message)) ?? []
  return JSON.parse(data) as Record<string, unknown>
}

void t.test('a page receives what it has missed, and everything from another server', async (t) => {
  const { updates, tick, state } = createUpdates(t)
  state.sequence = 3
  for (const [cursor, isWhole, rows] of [
    ['epoch.1', false, 'row row '],
    ['epoch.3', false, ''],
    ['before.1', true, 'row row row '],
    ['', true, 'row row row '],
    ['epoch.x', true, 'row row row '],
  ] as const) {
    const stream = updates.listen(cursor)
    assert.equal(stream?.read(), null)
    tick(1)
    const message = parse(stream?.read())
    assert.deepEqual({ ...message, parts: null }, { cursor: 'epoch.3', isWhole, rows, parts: null })
    stream?.destroy()
  }
})

void t.test(
  'a page that reads slowly holds one message, and receives the rest in one',
  async (t) => {
    const { updates, tick, state } = createUpdates(t)
    const stream = updates.listen('epoch.0')
    assert.ok(stream)
    assert.equal(stream.read(), null)
    tick(1)
    const length = stream.readableLength
    for (let count = 1; count <= 1_000; count += 1) {
      state.sequence = count
      state.text = `text ${count}`
      updates.touch()
      tick(250)
      assert.equal(stream.readableLength, length)
    }
    assert.equal(parse(stream.read())['cursor'], 'epoch.0')
    // Asked for more, it has to wait for its turn.
    assert.equal(stream.read(), null)
    tick(250)
    const message = parse(stream.read())
    assert.equal(message['cursor'], 'epoch.1000')
    assert.deepEqual(message['parts'], { totals: 'text 1000' })
  },
)

void t.test(
  'pages with the same cursor receive the same message, which is made once',
  async (t) => {
    const { updates, tick, state } = createUpdates(t)
    const streams = ['epoch.0', 'epoch.0', 'epoch.2'].map((cursor) => updates.listen(cursor))
    for (const stream of streams) assert.equal(stream?.read(), null)
    state.sequence = 3
    tick(1)
    const rows = streams.map((stream) => parse(stream?.read())['rows'])
    assert.deepEqual(rows, ['row row row ', 'row row row ', 'row '])
    assert.equal(state.asked, 2)
  },
)

void t.test(
  'a page that has not read its last message receives nothing after the end',
  async (t) => {
    const { updates, tick } = createUpdates(t)
    const stream = updates.listen('epoch.0')
    assert.ok(stream)
    const errors: unknown[] = []
    stream.on('error', (error) => errors.push(error))
    assert.equal(stream.read(), null)
    updates.close()
    updates.touch()
    tick(250)
    // An end that is not read stays; a message after it would be an error of the stream.
    assert.equal(stream.errored, null)
    assert.equal(stream.read(), null)
    assert.deepEqual(errors, [])
  },
)

void t.test('a page receives heartbeats alone when nothing happens', async (t) => {
  const { updates, tick, state } = createUpdates(t)
  const stream = updates.listen('epoch.0')
  assert.equal(stream?.read(), null)
  tick(1)
  parse(stream?.read())
  assert.equal(stream?.read(), null)
  tick(14_500)
  assert.equal(stream?.read(), null)
  tick(750)
  assert.equal(String(stream?.read()), ':\n\n')
  stream?.destroy()
  const { written } = state
  // Nobody listens, once the stream has said that it is closed.
  return new Promise<void>((resolve) => {
    stream?.once('close', () => {
      tick(60_000)
      assert.equal(state.written, written)
      resolve()
    })
  })
})

void t.test(
  'so many pages can listen, and no more until one leaves; closing ends them all',
  async (t) => {
    const { updates } = createUpdates(t)
    const streams = Array.from({ length: 20 }, () => updates.listen(''))
    assert.equal(updates.listen(''), null)
    const [first, ...others] = streams
    const left = new Promise((resolve) => first?.once('close', resolve))
    first?.destroy()
    await left
    assert.notEqual(updates.listen(''), null)
    const ends = others.map(
      (stream) => new Promise((resolve) => stream?.once('end', resolve).resume()),
    )
    updates.close()
    await Promise.all(ends)
  },
)
