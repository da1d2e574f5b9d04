import type { Result, Row } from './result.js'
import type { Scenario } from './scenario.js'
import { median } from './statistics.js'

/** The figure of a server, over its rounds; NaN where it has none. */
export function figure(row: Row | undefined, key: string): number {
  return median(row?.rounds.flatMap((figures) => figures[key] ?? []) ?? [])
}

/** What a server is compared with; undefined where there is nothing of the kind. */
function findBase(scenario: Scenario, result: Result, row: Row): Row | undefined {
  if (scenario.field === 'all') return result.rows.find(({ server }) => server === 'lighttpd')
  if (scenario.megabytes.length === 1) return undefined
  return result.rows.find(
    ({ server, megabytes }) => server === row.server && megabytes === scenario.megabytes[0],
  )
}

/**
 * How many times what it is compared with: the median of what each round gives, since what disturbs a round
 * disturbs both.
 */
export function ratio(row: Row, base: Row | undefined, key: string): number {
  const quotients = row.rounds.map(
    (figures, round) => (figures[key] ?? Number.NaN) / (base?.rounds[round]?.[key] ?? Number.NaN),
  )
  return median(quotients.filter((quotient) => Number.isFinite(quotient)))
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
    return [
      row.server,
      ...(hasData ? [`${row.megabytes} MB`] : []),
      ...columns.map(({ key, digits }) => number(figure(row, key), digits)),
      ...(isCompared ? [number(ratio(row, base, first?.key ?? ''), 2)] : []),
      row.failure === undefined
        ? row.rounds
            .map((figures) => number(figures[first?.key ?? ''] ?? Number.NaN, first?.digits ?? 0))
            .join(' / ')
        : `failed: ${row.failure}`,
    ]
  }
  return createRows(
    heads,
    result.rows.map((row) => cells(row)),
    hasData ? 2 : 1,
  )
}

/** A table in Markdown, of which the first columns are text and the others numbers. */
export function createRows(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  texts: number,
): string {
  const rule = heads.map((_head, index) => (index < texts ? '---' : '--:'))
  const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')
  return [heads, rule, ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n')
}

/** A number for people; a dash where there is none. */
export function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–'
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
