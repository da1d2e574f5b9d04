import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { parseArguments } from './arguments.js'
import { createContestants } from './contestants.js'
import { createEntries } from './entries.js'
import { Fleet } from './fleet.js'
import { PhpPool } from './php-pool.js'
import { drawBars } from './plot.js'
import { scenarios } from './scenarios.js'
import { type BenchmarkRecord, merge } from './record.js'
import type { Result, Row } from './result.js'
import type { ServerScenario } from './scenario.js'
import { split } from './limit.js'
import { type ProcessorTime, takeProcessorTime } from './processor-time.js'
import { median, orderOfRound, percentile } from './statistics.js'
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

  void t.test('the order of the servers changes from round to round', async () => {
    const rounds = [0, 1, 2].map((turn) => orderOfRound(['a', 'b', 'c'], turn).join(''))
    assert.deepEqual(rounds, ['abc', 'bac', 'bca'])
    assert.deepEqual(orderOfRound([], 1), [])
  })

  void t.test('the loops of the limit have as many at once as there are connections', async () => {
    assert.deepEqual(split(1, 4), [1])
    assert.deepEqual(split(16, 4), [4, 4, 4, 4])
    assert.deepEqual(split(6, 4), [1, 1, 2, 2])
  })
})

/** A server that does something when it gets a line, and waits for another when that is done. */
async function takeTimeOfShell(command: string): Promise<ProcessorTime> {
  const shell = spawn('/bin/sh', ['-c', `read begin; ${command}`, process.execPath])
  try {
    return await takeProcessorTime({ pids: [Number(shell.pid)] }, async () => {
      shell.stdin.write('begin\n')
      await once(shell.stdout, 'data')
    })
  } finally {
    shell.stdin.end()
    await once(shell, 'close')
  }
}

const onLinux = { skip: process.platform !== 'linux' && 'it reads /proc' }

void t.test('the processor time of a server', onLinux, async (t) => {
  void t.test('has that of its workers', async () => {
    const loop = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'
    const { all, main } = await takeTimeOfShell(`(${loop}; echo done; read end)`)
    assert.ok(all > 10_000, `${all} µs`)
    assert.ok(main < all / 2, `${main} µs`)
  })

  void t.test('does not have that of its scripts', async () => {
    const work = 'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);'
    const script = `${work} console.log(); process.stdin.resume()`
    const { all } = await takeTimeOfShell(`"$0" -e '${script}'`)
    assert.ok(all < 100_000, `${all} µs`)
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
    assert.deepEqual(parse(OUTPUT), {
      requests: 15,
      requestsPerSecond: 14.47,
      median: 0.5,
      p99: 1030,
    })
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

  void t.test('a Node has a name and a file', async () => {
    assert.deepEqual(parseArguments(['--node', '24=/opt/node=24/node'])?.nodes, [
      { label: '24', file: '/opt/node=24/node' },
    ])
  })

  void t.test('servers are warmed by requests', async () => {
    assert.equal(parseArguments([])?.effort.warmUp, 20_000)
    assert.equal(parseArguments(['--quick'])?.effort.warmUp, 5_000)
    assert.equal(parseArguments(['--warm', '300'])?.effort.warmUp, 300)
  })

  void t.test('what is published is measured whole', async () => {
    assert.ok(parseArguments(['--write', '--only', 'c-16'])?.isToWrite)
    for (const other of [['--quick'], ['--servers', 'go'], ['--variant', 'nph=false']]) {
      assert.throws(() => parseArguments(['--write', ...other]), /--write is for/)
    }
  })

  void t.test('what is wrong is named', async () => {
    assert.throws(() => parseArguments(['--rounds', '0']), /--rounds must be/)
    assert.throws(() => parseArguments(['--warm', '100000']), /--warm must be .* 1 to 99999/)
    assert.throws(() => parseArguments(['--node', '24']), /--node must be NAME=FILE/)
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
  processes: 'shared',
  measure: () => Promise.resolve({}),
}

const RESULT: Result = {
  scenario: 'small',
  date: '2026-01-02T03:04:05.678Z',
  tree: '0123456',
  warmUp: [20_000, 500],
  rows: [
    { server: 'C limit', megabytes: 0, rounds: [4000, 4000, 4000].map(round) },
    { server: 'lighttpd', megabytes: 0, rounds: [1000, 3000, 2000].map(round) },
    { server: 'Go', megabytes: 0, warmUp: [7_000, 500], rounds: [1000, 1200, 900].map(round) },
    { server: 'Apache', megabytes: 0, rounds: [], failure: 'does not listen' },
  ],
}

const GO: Row = {
  server: 'Go',
  megabytes: 0,
  rounds: [{ requestsPerSecond: 2000, processorTime: 612.4 }],
}

function round(speed: number): { speed: number; p99: number } {
  return { speed, p99: 7 }
}

void t.test('the documents of the benchmarks', async (t) => {
  void t.test('a table has medians, ratios and failures', async () => {
    assert.deepEqual(createTable(SCENARIO, RESULT).split('\n'), [
      '| server, after 20,000 + 500 requests | requests/s | p99 | × Go | × C limit | × lighttpd | requests/s, each round |',
      '| --- | --: | --: | --: | --: | --: | --: |',
      '| C limit | 4,000 | 7.0 | 4.00 | 1.00 | 2.00 | 4,000 / 4,000 / 4,000 |',
      '| lighttpd | 2,000 | 7.0 | 2.22 | 0.50 | 1.00 | 1,000 / 3,000 / 2,000 |',
      '| Go, after 7,000 + 500 | 1,000 | 7.0 | 1.00 | 0.25 | 0.45 | 1,000 / 1,200 / 900 |',
      '| Apache | – | – | – | – | – | failed: does not listen |',
    ])
  })

  void t.test('fresh processes are named, and have a spread', async () => {
    const scenario: ServerScenario = { ...SCENARIO, processes: 'fresh', hasSpread: true }
    const [, , , lighttpd, go] = createTable(scenario, { ...RESULT, warmUp: [] }).split('\n')
    assert.match(
      createTable(scenario, RESULT),
      /^\| server, fresh process \|.* requests\/s, least to most \|/,
    )
    assert.match(lighttpd ?? '', /\| 1,000 to 3,000 \| 1,000 \/ 3,000 \/ 2,000 \|$/)
    assert.match(go ?? '', /\| 900 to 1,200 \|/)
  })

  void t.test('a unit that was not measured has no column', async () => {
    const rows = RESULT.rows.filter(({ server }) => server !== 'Go' && server !== 'C limit')
    const [head] = createTable(SCENARIO, { ...RESULT, warmUp: [], rows }).split('\n')
    assert.equal(head, '| server | requests/s | p99 | × lighttpd | requests/s, each round |')
  })

  void t.test('servers of FastCGI have units of their own', async () => {
    const rows = ['lighttpd mod_fastcgi', 'Go'].map((server): Row => {
      return { server, megabytes: 0, rounds: [round(100)] }
    })
    const [head] = createTable({ ...SCENARIO, field: 'fastcgi' }, { ...RESULT, rows }).split('\n')
    assert.match(head ?? '', /\| p99 \| × lighttpd mod_fastcgi \| requests\/s, each round \|$/)
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
    const more = merge(record, { ...next, servers: { Apache: '2.4' } })
    assert.deepEqual(more, {
      ...record,
      servers: { Go: 'go1', Apache: '2.4' },
      results: [RESULT, other],
    })
    assert.deepEqual(merge(record, record).results, [RESULT])
  })

  void t.test('a summary takes its place and leaves the rest', async () => {
    const marks = ['<!-- speed: made by `npm run bench -- --write` -->', '<!-- /speed -->']
    const record: BenchmarkRecord = {
      machine: { processor: '2 cores', kernel: 'Linux', 'Node.js': 'v20' },
      servers: { Go: 'go1' },
      results: [{ ...RESULT, scenario: 'c-16', rows: [GO] }],
    }
    const text = replaceSummary(`before\n${marks.join('old')}\nafter`, record)
    assert.match(text, /^before\n/)
    assert.match(
      text,
      /\n\| Go \| 2,000 \| 612 \| 1\.00 \| {2}\| {2}\| {2}\|\n\n2 cores, Linux, Node\.js v20\. Each server had answered 20,000 /,
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

const NODE = { label: 'here', file: process.execPath }
const noop = (): Promise<void> => Promise.resolve()

void t.test('the contestants of the benchmarks', async (t) => {
  const contestants = createContestants({ options: {}, variants: [{ nph: false }], nodes: [NODE] })

  void t.test('each has a name of its own', async () => {
    const names = contestants.map(({ name }) => name)
    assert.deepEqual(new Set(names).size, names.length)
  })

  void t.test('another Node and a variant are part of the name', async () => {
    const names = contestants.map(({ name }) => name)
    assert.ok(names.includes('Fastify 5, Node here (nph=false)'))
    assert.ok(names.includes('Express 5, messageClasses, Node here'))
  })

  void t.test('every scenario has some, and an id of its own', async () => {
    const ids = scenarios.map(({ id }) => id)
    assert.deepEqual(new Set(ids).size, ids.length)
    const site = { folder: '/', root: '/', cgiBin: '/', php: new PhpPool('/'), remove: noop }
    for (const scenario of scenarios) {
      const fleet = new Fleet(site, 1)
      assert.ok(createEntries(scenario, contestants, { site, fleet }).length > 1, scenario.id)
    }
  })
})
