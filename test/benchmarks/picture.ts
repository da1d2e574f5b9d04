import { type Bar, type BarGroup, drawBars } from './plot.js'
import { type BenchmarkRecord, findResult } from './record.js'
import type { Row } from './result.js'
import { figure, number, ratio } from './table.js'

const KEY = 'requestsPerSecond'

/** The scenarios that say most, as the picture of docs/speed.md. */
export function createPicture(record: BenchmarkRecord): string {
  return drawBars('Requests per second of servers that run CGI programs', [
    drawServers(record),
    drawMemory(record),
  ])
}

/** As ratios, since those are of one round. */
function drawServers(record: BenchmarkRecord): BarGroup {
  const rows = findResult(record, 'c-16')?.rows ?? []
  const base = rows.find(({ server }) => server === 'Go')
  return {
    title: 'A C program, 16 connections: requests per second, × Go (blue: Common Gateway)',
    bars: rows.flatMap((row) => {
      const value = ratio(row, base, KEY)
      const text = `${number(value, 2)} (${number(figure(row, KEY), 0)}/s)`
      return createBar(record, row, { label: row.server, value, text })
    }),
  }
}

/** The amounts of one server stand below each other. */
function drawMemory(record: BenchmarkRecord): BarGroup {
  const rows = findResult(record, 'memory')?.rows ?? []
  const servers = new Set(rows.map(({ server }) => server))
  const ordered = [...servers].flatMap((server) => rows.filter((row) => row.server === server))
  return {
    title: 'The same, with other data in the Node process: requests per second',
    bars: ordered.flatMap((row) => {
      const value = figure(row, KEY)
      const label = row.megabytes === 0 ? row.server : `with ${number(row.megabytes, 0)} MB`
      return createBar(record, row, { label, value, text: `${number(value, 0)}/s` })
    }),
  }
}

function createBar(record: BenchmarkRecord, row: Row, bar: Omit<Bar, 'isOurs'>): Bar | [] {
  if (!Number.isFinite(bar.value)) return []
  const description = record.servers[row.server] ?? ''
  return { ...bar, isOurs: description.startsWith('Common Gateway') }
}
