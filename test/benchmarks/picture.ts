import { type BarGroup, drawBars } from './plot.js'
import type { BenchmarkRecord } from './record.js'
import type { Row } from './result.js'
import { scenarios } from './scenarios.js'
import { figure, findBase, number } from './table.js'

/** The scenarios that say most, as the picture of the README. */
export function createPicture(record: BenchmarkRecord): string {
  const groups = [
    createGroup(record, 'c-16', 'Requests per second, a C program, 16 connections (× lighttpd)'),
    createGroup(record, 'memory', 'The same with other data in the Node process (× without)'),
  ]
  return drawBars(
    'Requests per second of servers that run CGI programs',
    groups.flatMap((group) => group ?? []),
  )
}

function createGroup(record: BenchmarkRecord, id: string, title: string): BarGroup | null {
  const scenario = scenarios.find((each) => each.id === id)
  const result = record.results.find((each) => each.scenario === id)
  const [column] = scenario?.columns ?? []
  if (scenario === undefined || result === undefined || column === undefined) return null
  const { key } = column
  const describe = (row: Row): string => {
    const ratio = figure(row, key) / figure(findBase(scenario, result, row), key)
    return `${number(figure(row, key), 0)} (${number(ratio, 2)})`
  }
  const rows = result.rows.filter((row) => Number.isFinite(figure(row, key)))
  // The amounts of one server stand below each other.
  const ordered = [...new Set(rows.map(({ server }) => server))].flatMap((server) =>
    rows.filter((row) => row.server === server),
  )
  return {
    title,
    bars: ordered.map((row) => ({
      label: row.megabytes === 0 ? row.server : `with ${row.megabytes} MB`,
      value: figure(row, key),
      text: describe(row),
      isOurs: record.servers[row.server]?.startsWith('Common Gateway') === true,
    })),
  }
}
