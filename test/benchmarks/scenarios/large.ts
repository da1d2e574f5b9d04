import { CURL } from '../curl.js'
import type { ServerScenario } from '../scenario.js'
import { download, TRANSFER_COLUMNS, upload } from '../transfers.js'

/** Of 100 MiB, which the programs count as well. */
const size = 100 * 1024 * 1024

const shared = {
  field: 'all',
  columns: TRANSFER_COLUMNS,
  needs: { [CURL]: 'curl' },
} as const

/** What passes through, both ways. */
export const large: readonly ServerScenario[] = [
  {
    ...shared,
    id: 'large-out',
    title: '100 MiB out',
    about:
      'Written by a C program in pieces of 64 KiB, without a Content-Length; received by curl.',
    isQuick: true,
    processes: 'shared',
    measure: (server) => download(server, { path: '/cgi-bin/large-out-c.cgi', size }),
  },
  {
    ...shared,
    id: 'large-out-length',
    title: '100 MiB out, with a Content-Length',
    about: 'The same, with the length in the header of the program.',
    isQuick: false,
    processes: 'shared',
    measure: (server) => download(server, { path: '/cgi-bin/large-out-c.cgi?length', size }),
  },
  {
    ...shared,
    id: 'large-in',
    title: '100 MiB in',
    about:
      'Sent by curl with a Content-Length; read to its end by a C program, which answers the count. Each round has a ' +
      'process that has done nothing before, since how the C library places its memory differs between processes.',
    isQuick: true,
    processes: 'fresh',
    times: { rounds: 2 },
    hasSpread: true,
    measure: (server) => upload(server, { path: '/cgi-bin/large-in-c.cgi', size }),
  },
]
