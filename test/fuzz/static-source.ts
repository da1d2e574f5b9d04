import fc from 'fast-check'
import assert from 'node:assert/strict'
import { exchange } from '../support/client.js'
import { createWorldProperty, type Property } from './property.js'
import { createStaticSite, SOURCE, STATIC_SERVERS } from './static-site.js'

/** Paths of the site that lead to the source of a script. */
const PATHS = [
  ['cgi-bin', 'a.cgi'],
  ['cgi-bin', 'sub', 'b.cgi'],
  ['cgi-bin', '.hidden.cgi'],
  ['cgi-bin', '.dot', 'c.cgi'],
  ['cgi-bin', 'out.cgi'],
  ['cgi-bin', 'out', 'o.cgi'],
  ['cgi-bin', 'in.cgi'],
  ['cgi-bin', 'lost-bit.cgi'],
] as const

type Writing = (segment: string) => string

const escape = (text: string): string =>
  Array.from(text)
    .map((each) => `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .join('')

const WRITINGS: readonly Writing[] = [
  (segment) => segment,
  escape,
  (segment) => escape(segment).toUpperCase().replaceAll('%', '%'),
  (segment) => escape(segment.slice(0, 1)) + segment.slice(1),
  (segment) => segment.replaceAll('.', '%2e'),
  (segment) => segment.toUpperCase(),
  (segment) => escape(segment).replaceAll('%', '%25'),
  (segment) => `${segment}.`,
  (segment) => `${segment}%20`,
  (segment) => `${segment};a=b`,
  (segment) => `x/../${segment}`,
  (segment) => `./${segment}`,
  (segment) => `x\\..\\${segment}`,
]

const SLASHES = ['/', '/', '/', '//', '///', '%2f', '%2F', '\\', '%5c', '/./', '/%2e/', '/x/../']
const STARTS = [
  '',
  '',
  '',
  '/',
  '//',
  '/.',
  '/x/..',
  '/%2e%2e',
  '/x%2f..',
  '/x\\y/..',
  'http://localhost',
  'http://localhost/',
  'http://localhost/x/..',
  'javascript:/',
  'http://localhost%2fx',
]
const ENDS = ['', '', '', '/', '//', '/.', '?', '?a=b', '#', '%00', '%23', '\xa0', '/../a.cgi']

const spelling = fc
  .tuple(
    fc.constantFrom(...STARTS),
    fc.constantFrom(...PATHS),
    fc.array(fc.tuple(fc.constantFrom(...SLASHES), fc.constantFrom(...WRITINGS)), {
      minLength: 3,
      maxLength: 3,
    }),
    fc.constantFrom(...ENDS),
  )
  .map(([start, names, ways, end]) => {
    const path = names.map((name, index) => {
      const [slash = '/', write = (segment: string): string => segment] = ways[index] ?? []
      return slash + write(name)
    })
    return start + path.join('') + end
  })

/** Spellings that were found to lead to a script's source in some server, or might. */
export const SPELLINGS: readonly string[] = [
  '/cgi-bin/',
  '/cgi-bin//',
  '//cgi-bin/',
  '///cgi-bin///',
  '/./cgi-bin/',
  '/x/../cgi-bin/',
  '/%2e/cgi-bin/',
  '/x/%2e%2e/cgi-bin/',
  '/%63gi-bin/',
  '/cgi-bin/./',
  '/cgi-bin/x/../',
  '/cgi-bin%2f',
  '/%2fcgi-bin/',
  '/cgi-bin\\',
  '/cgi-bin%5c',
  '/CGI-BIN/',
  '/x\\..\\cgi-bin/',
  '/x\\y/../cgi-bin/',
  '/x%2f..%2fcgi-bin/',
  '/x%2fy/../cgi-bin/',
  '/%252e/cgi-bin/',
  'http://h/cgi-bin/',
  'http://h//cgi-bin/',
  'http://h/x/../cgi-bin/',
  'http://h%2fcgi-bin/',
  'javascript://cgi-bin/',
  'ftp://h/cgi-bin/',
  '/cgi-bin/../cgi-bin/',
  '/../cgi-bin/',
].flatMap((folder) => ['a.cgi', 'out.cgi', 'out/o.cgi', '.hidden.cgi'].map((name) => folder + name))

/** Asks a server for a path, byte for byte, and reads all that it says. */
export function ask(port: number, target: string): Promise<string> {
  const head = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  return exchange(port, head)
}

export const staticSourceProperties: readonly Property[] = Object.entries(STATIC_SERVERS).map(
  ([name, start]) =>
    createWorldProperty({
      name: `MAP-4 no spelling gives the source of a script to static files (${name})`,
      cost: 20,
      input: spelling,
      async open() {
        const site = createStaticSite()
        return { site, server: await start(site) }
      },
      async holds(target, { server }) {
        assert.ok(!(await ask(server.port, target)).includes(SOURCE), target)
      },
      async close({ site, server }) {
        await server.close()
        site.remove()
      },
    }),
)
