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
    `Made by \`npm run bench -- --write\`, ${days}; do not edit. In each round every server has its turn,`,
    'the order changes from round to round, and each figure is the median of the rounds; a ratio is the median',
    'of the ratios of the rounds. Client and server share the cores. Other machines give other figures: compare what is in one table.',
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
      createTable(scenario, result),
      '',
    ]),
  ].join('\n')
}
