import { strict as assert } from 'node:assert'
import t from 'tap'
import { parseArguments } from './arguments.js'
import { drawBars } from './plot.js'
import { type BenchmarkRecord, merge } from './record.js'
import type { Result, Row } from './result.js'
import type { ServerScenario } from './scenario.js'
import { median, percentile, rotate } from './statistics.js'
import { replaceSummary } from './summary.js'
import { createTable } from './table.js'
import { parse } from './wrk.js'

void t.test('the statistics of the benchmarks', async (t) => {
  void t.test('a median is the middle value, or between the two in the middle', async () => {
    assert.equal(median([30, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 30]), 3)
    assert.ok(Number.isNaN(median([])))
  })

  void t.test('a percentile is a value that was measured', async () => {
    const hundred = Array.from({ length: 100 }, (_value, index) => 100 - index)
    assert.equal(percentile(hundred, 0.99), 99)
    assert.equal(percentile([7], 0.99), 7)
    assert.ok(Number.isNaN(percentile([], 0.5)))
  })

  void t.test('each round begins with another server', async () => {
    assert.deepEqual(rotate(['a', 'b', 'c'], 4), ['b', 'c', 'a'])
    assert.deepEqual(rotate([], 1), [])
  })
})

/** As wrk 4.1.0 prints it, with a blank after each time in seconds. */
const OUTPUT = `Running 1s test @ http://127.0.0.1:42853/cgi-bin/small-c.cgi
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   471.42ms  275.73ms   1.03s    66.67%
    Req/Sec    16.00      8.14    30.00     75.00%
  Latency Distribution
     50%  500.00us
     75%  548.65ms
     90%  880.61ms
     99%    1.03s${' '}
  15 requests in 1.04s, 2.53KB read
Requests/sec:     14.47
Transfer/sec:      2.44KB
`

void t.test('the output of wrk', async (t) => {
  void t.test('times have units', async () => {
    assert.deepEqual(parse(OUTPUT), { requestsPerSecond: 14.47, median: 0.5, p99: 1030 })
  })

  for (const line of [
    '  Socket errors: connect 0, read 3, write 0, timeout 0',
    '  Non-2xx or 3xx responses: 12',
  ]) {
    void t.test(`a run with errors is none: ${line.trim()}`, async () => {
      const output = OUTPUT.replace('Requests/sec', `${line}\nRequests/sec`)
      assert.throws(() => parse(output), { message: `wrk: ${line.trim()}` })
    })
  }

  void t.test('a connection that the server has closed is no error', async () => {
    const line = '  Socket errors: connect 0, read 1, write 0, timeout 0'
    const output = OUTPUT.replace('15 requests in', '100 requests in')
    assert.equal(parse(output.replace('Requests/sec', `${line}\nRequests/sec`)).median, 0.5)
  })

  void t.test('what is not there is not guessed', async () => {
    assert.throws(() => parse(OUTPUT.replace('99%', '98%')), /wrk did not print/)
  })
})

void t.test('the arguments of the benchmarks', async (t) => {
  void t.test('options for the gateway keep their types', async () => {
    const call = parseArguments(['--option', 'maxProcesses=4', '--option', 'nph=false'])
    assert.deepEqual(call?.options, { maxProcesses: 4, nph: false })
    assert.deepEqual(
      parseArguments(['--variant', 'chunkedBody=stream,bodyLimit=0', '--variant', 'strict=true'])
        ?.variants,
      [{ chunkedBody: 'stream', bodyLimit: 0 }, { strict: true }],
    )
  })

  void t.test('what is published is measured whole', async () => {
    assert.ok(parseArguments(['--write', '--only', 'c-16'])?.isToWrite)
    for (const other of [['--quick'], ['--servers', 'go'], ['--variant', 'nph=false']]) {
      assert.throws(() => parseArguments(['--write', ...other]), /--write is for/)
    }
  })

  void t.test('what is wrong is named', async () => {
    assert.throws(() => parseArguments(['--rounds', '0']), /--rounds must be/)
    assert.throws(() => parseArguments(['--option', 'nph']), /--option must be NAME=VALUE/)
  })
})

const SCENARIO: ServerScenario = {
  field: 'all',
  id: 'small',
  title: 'Small',
  about: 'About.',
  columns: [
    { key: 'speed', title: 'requests/s', digits: 0 },
    { key: 'p99', title: 'p99', digits: 1 },
  ],
  needs: {},
  isQuick: true,
  measure: () => Promise.resolve({}),
}

const RESULT: Result = {
  scenario: 'small',
  date: '2026-01-02T03:04:05.678Z',
  rows: [
    { server: 'lighttpd', megabytes: 0, rounds: [1000, 3000, 2000].map(round) },
    { server: 'Go', megabytes: 0, rounds: [1000, 1200, 900].map(round) },
    { server: 'Apache', megabytes: 0, rounds: [], failure: 'does not listen' },
  ],
}

const LIGHTTPD: Row = {
  server: 'lighttpd',
  megabytes: 0,
  rounds: [{ requestsPerSecond: 2000 }],
}

function round(speed: number): { speed: number; p99: number } {
  return { speed, p99: 7 }
}

void t.test('the documents of the benchmarks', async (t) => {
  void t.test('a table has medians, ratios and failures', async () => {
    assert.deepEqual(createTable(SCENARIO, RESULT).split('\n'), [
      '| server | requests/s | p99 | × lighttpd | requests/s, each round |',
      '| --- | --: | --: | --: | --: |',
      '| lighttpd | 2,000 | 7.0 | 1.00 | 1,000 / 3,000 / 2,000 |',
      '| Go | 1,000 | 7.0 | 0.45 | 1,000 / 1,200 / 900 |',
      '| Apache | – | – | – | failed: does not listen |',
    ])
  })

  void t.test('figures of another machine are not kept', async () => {
    const record: BenchmarkRecord = {
      machine: { cores: '2' },
      servers: { Go: 'go1' },
      results: [RESULT],
    }
    const other = { ...RESULT, scenario: 'other' }
    const next = { ...record, results: [other] }
    assert.deepEqual(merge(record, next).results, [RESULT, other])
    assert.deepEqual(merge(record, { ...next, machine: { cores: '4' } }).results, [other])
    assert.deepEqual(merge(record, { ...next, servers: { Go: 'go2' } }).results, [other])
    assert.deepEqual(merge(record, record).results, [RESULT])
  })

  void t.test('a summary takes its place and leaves the rest', async () => {
    const marks = ['<!-- speed: made by `npm run bench -- --write` -->', '<!-- /speed -->']
    const record: BenchmarkRecord = {
      machine: { processor: '2 cores', kernel: 'Linux', 'Node.js': 'v20' },
      servers: { lighttpd: 'lighttpd/1' },
      results: [{ ...RESULT, scenario: 'c-16', rows: [LIGHTTPD] }],
    }
    const text = replaceSummary(`before\n${marks.join('old')}\nafter`, record)
    assert.match(text, /^before\n/)
    assert.match(
      text,
      /\n\| lighttpd \| 2,000 \| 1\.00 \| {2}\| {2}\| {2}\|\n\n2 cores, Linux, Node\.js v20\.\n/,
    )
    assert.match(text, /\nafter$/)
    assert.doesNotMatch(text, /old/)
    assert.equal(replaceSummary(text, record), text)
    assert.throws(() => replaceSummary('nothing', record), /there is no/)
  })

  void t.test('the longest bar has the whole width, and text is escaped', async () => {
    const picture = drawBars('Speed', [
      {
        title: 'a < b',
        bars: [
          { label: 'one', value: 50, text: '50 & more', isOurs: true },
          { label: 'two', value: 100, text: '100', isOurs: false },
        ],
      },
    ])
    const widths = [...picture.matchAll(/<rect [^>]*width="(\d+)"/g)].map(([, width]) => width)
    assert.deepEqual(widths, ['200', '400'])
    assert.match(picture, />a &lt; b</)
    assert.match(picture, />50 &amp; more</)
  })
})
