import type { ServerScenario } from '../scenario.js'
import { measureLoad, PROCESSOR_TIME, REQUESTS } from '../server-load.js'

const COUNT = 200
const HEADERS = Array.from({ length: COUNT }, (_value, index) => `X-Field-${index}: value ${index}`)
const PATH = '/cgi-bin/tiny-c.cgi'

/** What the fields of a request cost. */
export const headers: ServerScenario = {
  field: 'all',
  id: 'headers',
  title: `${COUNT} fields in the header of each request`,
  about:
    'The program without the C library, 16 connections. The last column is the processor time beyond that of ' +
    'requests without these fields, which are measured in the same round.',
  columns: [REQUESTS, PROCESSOR_TIME, { key: 'extra', title: 'for the fields, µs', digits: 0 }],
  needs: {},
  isQuick: false,
  processes: 'shared',
  warmUp: { path: PATH, requests: 500 },
  async measure(server, { seconds }) {
    const options = { path: PATH, connections: 16, seconds }
    const plain = await measureLoad(server, options)
    const full = await measureLoad(server, { ...options, headers: HEADERS })
    const { processorTime = Number.NaN } = full
    return { ...full, extra: processorTime - (plain['processorTime'] ?? Number.NaN) }
  },
}
