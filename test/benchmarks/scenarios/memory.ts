import type { NodeScenario } from '../scenario.js'
import { LOAD_COLUMNS, measureLoad } from '../server-load.js'

/** What a large application costs the start of a process. */
export const memory: NodeScenario = {
  field: 'node',
  id: 'memory',
  title: 'The same C program, with a large application around it',
  about:
    '16 connections, as above; the Node process also holds so many megabytes of other data. A process that ' +
    'forks copies the tables of all of its pages.',
  columns: LOAD_COLUMNS,
  needs: {},
  megabytes: [0, 500, 2_000],
  isQuick: true,
  processes: 'own',
  warmUp: { path: '/cgi-bin/tiny-c.cgi', requests: 5_000 },
  measure: (server, { seconds }) =>
    measureLoad(server, { path: '/cgi-bin/small-c.cgi', connections: 16, seconds }),
}
