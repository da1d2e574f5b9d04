import type { RunningServer } from '../../servers/server.js'
import type { Figures, ServerScenario } from '../scenario.js'
import { REQUESTS } from '../server-load.js'
import { takeTreeUsage } from '../tree-usage.js'
import { load } from '../wrk.js'

interface Program {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly path: string
  readonly needs: Readonly<Record<string, string>>
}

const PYTHON = { '/usr/bin/python3': 'python3' }
const PERL = { '/usr/bin/perl': 'perl' }

const PROGRAMS: readonly Program[] = [
  {
    id: 'python',
    title: 'Python, a small answer',
    about: 'A header and one line, without an import.',
    path: 'small-py.cgi',
    needs: PYTHON,
  },
  {
    id: 'imports',
    title: 'Python with six imports',
    about:
      '`argparse`, `email`, `html`, `http.cookies`, `json` and `urllib.parse`; a header and one line.',
    path: 'imports-py.cgi',
    needs: PYTHON,
  },
  {
    id: 'flask',
    title: 'Flask',
    about: 'An application with one route, by `wsgiref.handlers.CGIHandler`.',
    path: 'flask-py.cgi/',
    needs: { '/usr/lib/python3/dist-packages/flask': 'python3-flask' },
  },
  {
    id: 'perl',
    title: 'Perl, a small answer',
    about: 'A header and one line, without a module.',
    path: 'small-pl.cgi',
    needs: PERL,
  },
  {
    id: 'cgi-pm',
    title: 'Perl with CGI.pm',
    about: 'A page with a form.',
    path: 'form-pl.cgi?name=wren',
    needs: { '/usr/share/perl5/CGI.pm': 'libcgi-pm-perl' },
  },
  {
    id: 'awstats',
    title: 'AWStats',
    about: 'A report of one month.',
    path: 'awstats-pl.cgi?config=site&year=2026&month=03',
    needs: { '/usr/lib/cgi-bin/awstats.pl': 'awstats' },
  },
]

const COLUMNS: ServerScenario['columns'] = [
  REQUESTS,
  { key: 'processorTime', title: 'processor time with scripts, ms', digits: 1 },
  { key: 'pageFaults', title: 'page faults', digits: 0 },
  { key: 'median', title: 'median, ms', digits: 1 },
]

/** In seconds. In the first lead-in of a server, its fork server is made, and tries its modules: seconds for Flask. */
const LEAD_INS = { first: 10, later: 1 } as const
const begun = new WeakSet<RunningServer>()

/** Scripts whose interpreter is started for each request, and those for which it stays. */
export const interpreters: readonly ServerScenario[] = PROGRAMS.flatMap(
  ({ id, title, about, path, needs }) =>
    [1, 16].map((connections): ServerScenario => {
      const unit = connections === 1 ? 'connection' : 'connections'
      return {
        field: 'interpreter',
        id: `warm-${id}-${connections}`,
        title: `${title}, ${connections} ${unit}`,
        about: `${about} The processor time and the page faults are those of the server, of its scripts, and of the interpreters that stay. For Apache they are those of the whole machine without the client, as its daemon ignores SIGCHLD.`,
        columns: COLUMNS,
        needs,
        isQuick: false,
        processes: 'own',
        warmUp: { path: `/cgi-bin/${path}`, requests: 10 },
        times: { seconds: 2 },
        measure: (server, { seconds }) =>
          measure(server, `/cgi-bin/${path}`, { connections, seconds }),
      }
    }),
)

async function measure(
  server: RunningServer,
  path: string,
  options: { readonly connections: number; readonly seconds: number },
): Promise<Figures> {
  const url = `http://127.0.0.1:${server.port}${path}`
  await load(url, { ...options, seconds: begun.has(server) ? LEAD_INS.later : LEAD_INS.first })
  begun.add(server)
  const { result, processorTime, pageFaults } = await takeTreeUsage(server, () =>
    load(url, options),
  )
  const { requests, requestsPerSecond, median } = result
  return {
    requestsPerSecond,
    processorTime: processorTime / requests / 1_000,
    pageFaults: pageFaults / requests,
    median,
  }
}
