import type { RunningNodeServer } from '../node-server.js'
import type { Column, Figures, NodeScenario } from '../scenario.js'
import { measureLoad } from '../server-load.js'

const PATH = '/cgi-bin/tiny-c.cgi'
const CONNECTIONS = 16

const COLUMNS: readonly Column[] = [
  { key: 'own', title: 'beyond the route, µs', digits: 0 },
  { key: 'ownMain', title: 'of its main thread, µs', digits: 0 },
  { key: 'script', title: 'a script, µs', digits: 0 },
  { key: 'route', title: 'the route, µs', digits: 0 },
  { key: 'requestsPerSecond', title: 'scripts/s', digits: 0 },
]

async function measure(
  server: RunningNodeServer,
  { seconds }: { readonly seconds: number },
): Promise<Figures> {
  const options = { connections: CONNECTIONS, seconds }
  const route = await measureLoad(server, { ...options, path: '/ordinary' })
  const script = await measureLoad(server, { ...options, path: PATH })
  const of = (figures: Figures, key: string): number => figures[key] ?? Number.NaN
  return {
    own: of(script, 'processorTime') - of(route, 'processorTime'),
    ownMain: of(script, 'mainThread') - of(route, 'mainThread'),
    script: of(script, 'processorTime'),
    route: of(route, 'processorTime'),
    requestsPerSecond: of(script, 'requestsPerSecond'),
  }
}

const shared = {
  field: 'node',
  columns: COLUMNS,
  needs: {},
  isQuick: false,
  processes: 'own',
  megabytes: [0],
  warmUp: { path: PATH, requests: 20_000 },
  measure,
} as const

/** What the gateway itself takes, without its framework and without the script. */
export const own: readonly NodeScenario[] = [
  {
    ...shared,
    id: 'own',
    title: 'What the gateway itself costs',
    about:
      `Processor time of the server for a request to the program without the C library, beyond that for an ordinary ` +
      `route of the same application, which the framework answers alone; ${CONNECTIONS} connections.`,
  },
  {
    ...shared,
    id: 'javascript',
    title: 'What the gateway costs without processes',
    about:
      'The same, with the option `spawner`: no process is started, and the answer comes from memory. Nearly all that ' +
      'is left is JavaScript.',
    setup: { hasMemorySpawner: true },
    isForOurs: true,
  },
]
