import { type BenchmarkRecord, findResult } from './record.js'
import { scenarios } from './scenarios.js'
import { createTable } from './table.js'

/** What has been measured, as Markdown. */
export function createDocument(record: BenchmarkRecord): string {
  const { machine, servers, results } = record
  const dates = results.map(({ date }) => date.slice(0, 10)).toSorted()
  const measured = scenarios.flatMap((scenario) => {
    const result = findResult(record, scenario.id)
    return result === undefined ? [] : [{ scenario, result }]
  })
  const days = [...new Set([dates.at(0), dates.at(-1)])].join(' to ')
  return [
    '# Benchmarks',
    '',
    `Made by \`npm run bench -- --write\`, ${days}; do not edit. Client, server and scripts share the cores. Other`,
    'machines give other figures: compare what is in one table.',
    '',
    '- **Rounds**: in each round every server has its turn, in an order that changes. A figure is the median of the rounds,',
    '  and a ratio the median of the ratios of the rounds.',
    '- **Warm**: before anything is measured, each server has answered as many requests as the head of its table says.',
    '  V8 compiles code that runs often, and a server that has run for a while is what visitors meet. Servers that stay for',
    '  several tables are warmed once, by a program that does next to nothing, and then by a few requests of each table',
    '  (`20,000 + 500`). A server that has not had them after a minute goes on with those it has had, and its row says so.',
    '  A turn begins with a second that does not count, and the Node servers run with `--no-flush-bytecode`: V8 drops code that',
    '  has not run for a while, and a server that waits for its turn would be cold again.',
    '- **Processor time** of a request: of all threads of the processes of the server (workers and daemons, too), from',
    '  `/proc/PID/task/*/schedstat`. Neither the scripts are in it nor the work of a child between `fork` and `exec`, which is',
    '  more where a server forks than where it calls `posix_spawn`.',
    '- **Units**: `net/http/cgi` of Go, lighttpd, and the C limit: the least that starts the same programs, as many at once as there are',
    '  connections, without HTTP.',
    '- **Tree**: the hash that git gives to `packages`. Tables of different trees were measured with different code.',
    '',
    '![Requests per second](benchmarks.svg)',
    '',
    '## Machine and servers',
    '',
    '| what | which |',
    '| --- | --- |',
    ...Object.entries({ ...machine, ...servers }).map(([name, text]) => `| ${name} | ${text} |`),
    '',
    ...measured.flatMap(({ scenario, result }) => [
      `## ${scenario.title}`,
      '',
      `\`${scenario.id}\`: ${scenario.about}`,
      '',
      `Measured on ${result.date.slice(0, 10)}, tree \`${result.tree}\`.`,
      '',
      createTable(scenario, result),
      '',
    ]),
  ].join('\n')
}
