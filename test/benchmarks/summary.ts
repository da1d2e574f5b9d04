import { type BenchmarkRecord, findResult } from './record.js'
import type { Row } from './result.js'
import { createRows, figure, number, ratio } from './table.js'

const BEGIN = '<!-- speed: made by `npm run bench -- --write` -->'
const END = '<!-- /speed -->'

/** A text with what has been measured between the two marks. @throws where it does not have them. */
export function replaceSummary(text: string, record: BenchmarkRecord): string {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`there is no ${BEGIN} … ${END}`)
  return `${text.slice(0, begin)}${BEGIN}\n${createSummary(record)}\n${text.slice(end)}`
}

/** The machine, and a row for each server. */
function createSummary(record: BenchmarkRecord): string {
  const { machine } = record
  const find = (scenario: string, server: string, megabytes = 0): Row | undefined =>
    findResult(record, scenario)?.rows.find(
      (row) => row.server === server && row.megabytes === megabytes,
    )
  const go = find('c-16', 'Go')
  const rows = (findResult(record, 'c-16')?.rows ?? []).map((row) => {
    const { server } = row
    const route = find('ordinary', server, 500)
    const times = ratio(row, go, 'requestsPerSecond')
    const latencies = ['median', 'p99'].map((key) => number(figure(route, key), 1)).join(' / ')
    return [
      server,
      number(figure(row, 'requestsPerSecond'), 0),
      number(figure(row, 'processorTime'), 0),
      number(times, 2),
      number(figure(find('memory', server, 500), 'requestsPerSecond'), 0),
      route === undefined ? '' : `${latencies} ms`,
      number(figure(find('large-out', server), 'megabytesPerSecond'), 0),
    ].map((cell) => (cell === '–' ? '' : cell))
  })
  const table = createRows(
    [
      'server',
      'requests/s',
      'processor time, µs',
      '× Go',
      'with 500 MB of other data',
      'another route meanwhile, median / p99',
      '100 MiB out, MB/s',
    ],
    rows,
    1,
  )
  const place = [machine['processor'], machine['kernel'], `Node.js ${machine['Node.js']}`]
  const warmUp = findResult(record, 'c-16')?.warmUp?.[0]
  const warm =
    warmUp === undefined
      ? ''
      : ` Each server had answered ${number(warmUp, 0)} requests before; the processor time is that of a request, ` +
        'without the script.'
  return `\n${table}\n\n${place.join(', ')}.${warm}`
}
