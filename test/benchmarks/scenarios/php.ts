import type { RunningServer } from '../../servers/server.js'
import { CURL } from '../curl.js'
import type { ServerScenario } from '../scenario.js'
import { LOAD_COLUMNS, measureLoad } from '../server-load.js'
import { download, TRANSFER_COLUMNS, upload } from '../transfers.js'

const MEBIBYTE = 1024 * 1024
const CONNECTIONS = 16
/** V8 has compiled what an upload needs after some ten of them. */
const WARM_UPLOADS = 10
const SMALL = '/cgi-bin/small.php'

const shared = { field: 'fastcgi', isQuick: false, processes: 'shared' } as const

/**
 * wrk leaves its last requests unanswered, and a gateway ends the processes that work on them: the next load has
 * to find a pool that is whole again.
 */
async function wake({ port }: RunningServer): Promise<void> {
  const ask = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}${SMALL}`)
    await response.text()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, ask))
}

/** PHP by FastCGI. */
export const php: readonly ServerScenario[] = [
  {
    ...shared,
    id: 'php-16',
    title: `PHP by FastCGI, ${CONNECTIONS} connections`,
    about:
      'A header and one line. Neither the processes of PHP nor their pool are in the processor time. One server starts ' +
      'a process for each request, as CGI does.',
    columns: LOAD_COLUMNS,
    needs: {},
    // A process for each request has few of them in a second.
    times: { seconds: 2 },
    measure: (server, { seconds }) =>
      measureLoad(server, {
        path: SMALL,
        connections: CONNECTIONS,
        seconds,
        prepare: () => wake(server),
      }),
  },
  {
    ...shared,
    id: 'php-out',
    title: 'PHP by FastCGI, 100 MiB out',
    about: 'Written by PHP in pieces of 64 KiB; received by curl.',
    columns: TRANSFER_COLUMNS,
    needs: { [CURL]: 'curl' },
    measure: (server) => download(server, { path: '/cgi-bin/large-out.php', size: 100 * MEBIBYTE }),
  },
  {
    ...shared,
    id: 'php-in',
    title: 'PHP by FastCGI, 20 MiB in',
    about:
      'Sent by curl with a Content-Length; read to its end by PHP, which answers the count. ' +
      `Each server has had ${WARM_UPLOADS} of them before the first that is measured.`,
    columns: TRANSFER_COLUMNS,
    needs: { [CURL]: 'curl' },
    measure: (server) =>
      upload(server, {
        path: '/cgi-bin/large-in.php',
        size: 20 * MEBIBYTE,
        warmUp: WARM_UPLOADS,
      }),
  },
]
