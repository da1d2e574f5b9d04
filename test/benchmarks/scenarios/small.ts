import type { ServerScenario } from '../scenario.js'
import { load } from '../wrk.js'

const PROGRAMS = [
  { id: 'c', name: 'a C program', needs: {} },
  { id: 'sh', name: 'a shell script', needs: {} },
  { id: 'perl', name: 'a Perl script', needs: { '/usr/bin/perl': 'perl' } },
  { id: 'python', name: 'a Python script', needs: { '/usr/bin/python3': 'python3' } },
] as const

const FILES = { c: 'small-c', sh: 'small-sh', perl: 'small-pl', python: 'small-py' } as const

/** A header and one line, from each language, for few clients and many. */
export const small: readonly ServerScenario[] = PROGRAMS.flatMap(({ id, name, needs }) =>
  [1, 16, 64].map((connections) => ({
    field: 'all',
    id: `${id}-${connections}`,
    title: `Small answers from ${name}, ${count(connections)}`,
    about:
      'A header and one line. Latency in milliseconds, as wrk tells it. Up to one request in a hundred may be lost ' +
      'with a connection that the server has closed.',
    columns: [
      { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
      { key: 'median', title: 'median', digits: 1 },
      { key: 'p99', title: 'p99', digits: 1 },
    ],
    needs,
    isQuick: id === 'c' && connections === 16,
    async measure({ port }, { seconds }) {
      const url = `http://127.0.0.1:${port}/cgi-bin/${FILES[id]}.cgi`
      return { ...(await load(url, { connections, seconds })) }
    },
  })),
)

function count(connections: number): string {
  return connections === 1 ? '1 connection' : `${connections} connections`
}
