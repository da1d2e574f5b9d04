import type { Result, Row } from './result.js'
import type { Scenario } from './scenario.js'
import { median } from './statistics.js'

/** What every server is compared with, the first one first. */
const UNITS = {
  all: ['Go', 'C limit', 'lighttpd'],
  interpreter: ['Fastify 5', 'lighttpd', 'Apache'],
  fastcgi: ['lighttpd mod_fastcgi', 'nginx fastcgi_pass', 'Fastify 5, php-cgi for each request'],
} as const

/** The figure of a server, over its rounds; NaN where it has none. */
export function figure(row: Row | undefined, key: string): number {
  return median(row?.rounds.flatMap((figures) => figures[key] ?? []) ?? [])
}

/** What a row is compared with, and how the column is called. */
interface Comparison {
  readonly title: string
  readonly base: (row: Row) => Row | undefined
}

function createComparisons(scenario: Scenario, result: Result): readonly Comparison[] {
  const { rows } = result
  if (scenario.field === 'node') {
    const [least, ...more] = scenario.megabytes
    if (more.length === 0) return []
    const base = ({ server }: Row): Row | undefined =>
      rows.find((row) => row.server === server && row.megabytes === least)
    return [{ title: '× without', base }]
  }
  const key = scenario.columns[0]?.key ?? ''
  return UNITS[scenario.field].flatMap((server) => {
    const unit = rows.find((row) => row.server === server)
    return Number.isFinite(figure(unit, key)) ? { title: `× ${server}`, base: () => unit } : []
  })
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

/** `server, after 20,000 + 500 requests` */
function serverHead({ processes }: Scenario, { warmUp = [] }: Result): string {
  if (processes === 'fresh') return 'server, fresh process'
  return warmUp.length === 0 ? 'server' : `server, after ${counts(warmUp)} requests`
}

function counts(warmUp: readonly number[]): string {
  return warmUp.map((requests) => number(requests, 0)).join(' + ')
}

/** One scenario, as a table in Markdown. */
export function createTable(scenario: Scenario, result: Result): string {
  const { columns, hasSpread = false } = scenario
  const comparisons = createComparisons(scenario, result)
  const hasData = scenario.field === 'node' && scenario.megabytes.length > 1
  const { key, title, digits } = columns[0] ?? { key: '', title: '', digits: 0 }
  const heads = [
    serverHead(scenario, result),
    ...(hasData ? ['other data'] : []),
    ...columns.map((column) => column.title),
    ...comparisons.map((comparison) => comparison.title),
    ...(hasSpread ? [`${title}, least to most`] : []),
    `${title}, each round`,
  ]
  const cells = (row: Row): string[] => {
    const measured = row.rounds.map((figures) => figures[key] ?? Number.NaN)
    const spread = [Math.min(...measured), Math.max(...measured)]
    return [
      row.warmUp === undefined ? row.server : `${row.server}, after ${counts(row.warmUp)}`,
      ...(hasData ? [`${row.megabytes} MB`] : []),
      ...columns.map((column) => number(figure(row, column.key), column.digits)),
      ...comparisons.map(({ base }) => number(ratio(row, base(row), key), 2)),
      ...(hasSpread ? [spread.map((value) => number(value, digits)).join(' to ')] : []),
      row.failure === undefined
        ? measured.map((value) => number(value, digits)).join(' / ')
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
