import type { ServerScenario } from '../scenario.js'
import { LOAD_COLUMNS, measureLoad } from '../server-load.js'

const LOST =
  'Up to one request in a hundred may be lost with a connection that the server has closed.'

interface SmallAnswer {
  readonly id: string
  readonly title: string
  readonly about: string
  /** Its file in the site. */
  readonly program: string
  readonly connections: number
  readonly needs?: Readonly<Record<string, string>>
  /** Requests for this program before it is measured: those of a slow one take long. */
  readonly warmUp: number
  readonly isQuick?: boolean
  readonly times?: { readonly seconds: number }
}

const C = { title: 'Small answers from a C program', program: 'small-c.cgi', warmUp: 500 } as const

/** A header and one line, for few clients and many, and from each language. */
const ANSWERS: readonly SmallAnswer[] = [
  { ...C, id: 'c-1', about: `A header and one line. ${LOST}`, connections: 1 },
  {
    ...C,
    id: 'c-16',
    about: `A header and one line. ${LOST}`,
    connections: 16,
    isQuick: true,
  },
  { ...C, id: 'c-64', about: `A header and one line. ${LOST}`, connections: 64 },
  {
    ...C,
    id: 'c-512',
    about:
      'A header and one line. Requests that are under way at the end are in the processor time, and not among the ' +
      `requests. ${LOST}`,
    connections: 512,
    times: { seconds: 3 },
  },
  {
    id: 'tiny-16',
    title: 'Small answers from a program without the C library',
    about: `The same answer by two system calls: nearly all that is left is the server. ${LOST}`,
    program: 'tiny-c.cgi',
    connections: 16,
    warmUp: 500,
  },
  {
    id: 'sh-16',
    title: 'Small answers from a shell script',
    about: `A header and one line. ${LOST}`,
    program: 'small-sh.cgi',
    connections: 16,
    warmUp: 500,
  },
  {
    id: 'perl-16',
    title: 'Small answers from a Perl script',
    about: `A header and one line. ${LOST}`,
    program: 'small-pl.cgi',
    connections: 16,
    needs: { '/usr/bin/perl': 'perl' },
    warmUp: 200,
  },
  {
    id: 'python-16',
    title: 'Small answers from a Python script',
    about: `A header and one line. ${LOST}`,
    program: 'small-py.cgi',
    connections: 16,
    needs: { '/usr/bin/python3': 'python3' },
    warmUp: 50,
  },
]

export const small: readonly ServerScenario[] = ANSWERS.map(
  ({ id, title, about, program, connections, needs = {}, warmUp, isQuick = false, times = {} }) => {
    const path = `/cgi-bin/${program}`
    return {
      field: 'all',
      id,
      title: `${title}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
      about,
      columns: LOAD_COLUMNS,
      needs,
      isQuick,
      processes: 'shared',
      warmUp: { path, requests: warmUp },
      times,
      limit: { program, connections },
      measure: (server, { seconds }) => measureLoad(server, { path, connections, seconds }),
    }
  },
)
