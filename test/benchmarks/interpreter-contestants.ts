import { apache } from '../servers/apache.js'
import { lighttpd } from '../servers/lighttpd.js'
import type { Contestant } from './contestant.js'
import { byNode, type NodeVersion, version } from './node-version.js'
import { startNodeServer } from './node-server.js'

/** Servers that start an interpreter for each request, and ours, which also keeps it. */
export function createInterpreterContestants(nodes: readonly NodeVersion[]): readonly Contestant[] {
  return [
    ...Object.entries({ lighttpd, apache }).map(
      ([id, server]): Contestant => ({
        kind: 'program',
        protocol: 'interpreter',
        id,
        name: `${server.name}, an interpreter for each request`,
        get description() {
          return server.description
        },
        missing: () => server.missing(),
        start: (site) => server.start(site),
      }),
    ),
    ...nodes.flatMap((node) => {
      const by = byNode(node)
      return [false, true].map(
        (isWarm): Contestant => ({
          kind: 'node',
          isOurs: true,
          protocol: 'interpreter',
          id: 'fastify',
          name: `Fastify 5${by.name}, ${isWarm ? 'warm()' : 'an interpreter for each request'}`,
          description: `Common Gateway with fastify ${version('fastify')}, ${isWarm ? '`spawner: warm()`' : 'without options'}${by.description}`,
          missing: () => undefined,
          start: (site, setup) =>
            startNodeServer({ framework: 'fastify', node: node.file }, { ...setup, isWarm }, site),
        }),
      )
    }),
  ]
}
