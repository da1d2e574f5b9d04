import type { NodeScenario } from '../scenario.js'
import { load } from '../wrk.js'

/** What a large application costs the start of a process. */
export const memory: NodeScenario = {
  field: 'node',
  id: 'memory',
  title: 'The same C program, with a large application around it',
  about:
    '16 connections, as above; the Node process also holds so many megabytes of other data. A process that ' +
    'forks copies the tables of all of its pages.',
  columns: [
    { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
    { key: 'median', title: 'median', digits: 1 },
    { key: 'p99', title: 'p99', digits: 1 },
  ],
  needs: {},
  megabytes: [0, 500, 2_000],
  isQuick: true,
  async measure({ port }, { seconds }) {
    const url = `http://127.0.0.1:${port}/cgi-bin/small-c.cgi`
    return { ...(await load(url, { connections: 16, seconds })) }
  },
}
