import type { Result, Row } from './result.js'
import type { Scenario } from './scenario.js'
import { median } from './statistics.js'

/** The figure of a server, over its rounds; NaN where it has none. */
export function figure(row: Row | undefined, key: string): number {
  return median(row?.rounds.flatMap((figures) => figures[key] ?? []) ?? [])
}

/** What a server is compared with; undefined where there is nothing of the kind. */
export function findBase(scenario: Scenario, result: Result, row: Row): Row | undefined {
  if (scenario.field === 'all') return result.rows.find(({ server }) => server === 'lighttpd')
  if (scenario.megabytes.length === 1) return undefined
  return result.rows.find(
    ({ server, megabytes }) => server === row.server && megabytes === scenario.megabytes[0],
  )
}

/** One scenario, as a table in Markdown. */
export function createTable(scenario: Scenario, result: Result): string {
  const { columns } = scenario
  const isCompared = scenario.field === 'all' || scenario.megabytes.length > 1
  const hasData = scenario.field === 'node' && isCompared
  const [first] = columns
  const heads = [
    'server',
    ...(hasData ? ['other data'] : []),
    ...columns.map(({ title }) => title),
    ...(isCompared ? [scenario.field === 'all' ? '× lighttpd' : '× without'] : []),
    ...(first === undefined ? [] : [`${first.title}, each round`]),
  ]
  const cells = (row: Row): string[] => {
    const base = findBase(scenario, result, row)
    const ratio =
      first === undefined || base === undefined
        ? Number.NaN
        : figure(row, first.key) / figure(base, first.key)
    return [
      row.server,
      ...(hasData ? [`${row.megabytes} MB`] : []),
      ...columns.map(({ key, digits }) => number(figure(row, key), digits)),
      ...(isCompared ? [number(ratio, 2)] : []),
      row.failure === undefined
        ? row.rounds
            .map((figures) => number(figures[first?.key ?? ''] ?? Number.NaN, first?.digits ?? 0))
            .join(', ')
        : `failed: ${row.failure}`,
    ]
  }
  const left = hasData ? 2 : 1
  return [
    heads,
    heads.map((_head, index) => (index < left ? '---' : '--:')),
    ...result.rows.map((row) => cells(row)),
  ]
    .map(
      (line) =>
        `| ${line.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
    )
    .join('\n')
}

/** A number for people; a dash where there is none. */
export function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–'
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
