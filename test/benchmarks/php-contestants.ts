import { findLighttpd, lighttpd, startLighttpd } from '../servers/lighttpd.js'
import { findNginx, nginx, startNginx } from '../servers/nginx.js'
import type { Contestant } from './contestant.js'
import type { PhpSetup } from './hosts/question.js'
import { byNode, type NodeVersion, version } from './node-version.js'
import { startNodeServer } from './node-server.js'
import { missingPhp, PROCESSES } from './php-pool.js'
import type { BenchmarkSite } from './site.js'

const POOL = `the pool of ${PROCESSES} processes of php-cgi at a Unix socket that all have`

const MANNERS: readonly {
  readonly name: string
  readonly description: string
  setup(site: BenchmarkSite): Promise<PhpSetup>
}[] = [
  {
    name: 'a pool of its own',
    description: `\`fastcgi({ spawn: 'php-cgi', processes: ${PROCESSES} })\``,
    setup: () => Promise.resolve({ processes: PROCESSES }),
  },
  {
    name: 'the same pool',
    description: `\`fastcgi({ address, maxConnections: ${PROCESSES} })\`, ${POOL}`,
    setup: async ({ php }) => ({ socket: await php.start(), processes: PROCESSES }),
  },
  {
    name: 'php-cgi for each request',
    description: 'no FastCGI: a process for each request',
    setup: () => Promise.resolve('process'),
  },
]

/** Servers that run PHP by FastCGI, and ours without it. */
export function createPhpContestants(nodes: readonly NodeVersion[]): readonly Contestant[] {
  return [
    {
      kind: 'program',
      protocol: 'fastcgi',
      id: 'lighttpd',
      name: 'lighttpd mod_fastcgi',
      get description() {
        const [name] = lighttpd.description.split(',', 1)
        return `${name}, one process, both \`stream-…-body\` on, ${POOL}`
      },
      missing: () => (findLighttpd() === undefined ? 'lighttpd' : missingPhp()),
      async start(site) {
        const socket = await site.php.start()
        const lines = `fastcgi.server = ( ".php" => (( "socket" => "${socket}" )) )`
        return startLighttpd(site, 'mod_fastcgi', lines)
      },
    },
    {
      kind: 'program',
      protocol: 'fastcgi',
      id: 'nginx',
      name: 'nginx fastcgi_pass',
      get description() {
        const [name] = nginx.description.split(',', 1)
        return `${name}, a process for each core, buffers as by default, ${POOL}`
      },
      missing: () => (findNginx() === undefined ? 'nginx' : missingPhp()),
      start: async (site) => startNginx(site, await site.php.start()),
    },
    ...nodes.flatMap((node) => {
      const by = byNode(node)
      return MANNERS.map(
        (manner): Contestant => ({
          kind: 'node',
          isOurs: true,
          protocol: 'fastcgi',
          id: 'fastify',
          name: `Fastify 5${by.name}, ${manner.name}`,
          description: `Common Gateway with fastify ${version('fastify')}, ${manner.description}${by.description}`,
          missing: missingPhp,
          async start(site, setup) {
            const php = await manner.setup(site)
            const program = { framework: 'fastify', node: node.file }
            return startNodeServer(program, { ...setup, php }, site)
          },
        }),
      )
    }),
  ]
}
