import { apache } from '../servers/apache.js'
import { go } from '../servers/go.js'
import { lighttpd } from '../servers/lighttpd.js'
import { nginx } from '../servers/nginx.js'
import type { Contestant, LimitContestant, NodeContestant } from './contestant.js'
import { byNode, type NodeVersion, version } from './node-version.js'
import { type OptionSet, startNodeServer } from './node-server.js'
import { createInterpreterContestants } from './interpreter-contestants.js'
import { createPhpContestants } from './php-contestants.js'

/** What there is beside the servers as they are. */
export interface Choices {
  /** Options for the gateway. */
  readonly options: OptionSet
  /** Options that ours gets once more with. */
  readonly variants: readonly OptionSet[]
  /** Versions of Node that all Node servers run on once more. */
  readonly nodes: readonly NodeVersion[]
}

const OURS = {
  fastify: { name: 'Fastify 5', package: 'fastify', manner: '' },
  express: { name: 'Express 5', package: 'express', manner: '' },
  'express-classes': {
    name: 'Express 5, messageClasses',
    package: 'express',
    manner: ', `createServer(messageClasses(app), app)`',
  },
} as const

/** Ours with some options; those of a variant are part of its name. */
function createOurs(
  framework: keyof typeof OURS,
  node: NodeVersion,
  base: OptionSet,
  variant: OptionSet = {},
): NodeContestant {
  const words = (set: OptionSet): string =>
    Object.entries(set)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(', ')
  const suffix = words(variant) === '' ? '' : ` (${words(variant)})`
  const options = { ...base, ...variant }
  const told = words(options) === '' ? 'without options' : `with ${words(options)}`
  const { name, package: packageName, manner } = OURS[framework]
  const by = byNode(node)
  const library = `${packageName} ${version(packageName)}${manner}`
  return {
    kind: 'node',
    protocol: 'cgi',
    isOurs: true,
    id: framework,
    name: `${name}${by.name}${suffix}`,
    description: `Common Gateway with ${library}, ${told}${by.description}`,
    missing: () => undefined,
    start: (site, setup) =>
      startNodeServer(
        { framework, node: node.file },
        { ...setup, options: { ...setup.options, ...options } },
        site,
      ),
  }
}

function createBare(node: NodeVersion): NodeContestant {
  const by = byNode(node)
  return {
    kind: 'node',
    protocol: 'cgi',
    isOurs: false,
    id: 'child_process',
    name: `child_process${by.name}`,
    description: `a bare \`node:http\` server that calls \`child_process.spawn\`${by.description}`,
    missing: () => undefined,
    start: (site, setup) =>
      startNodeServer({ framework: 'child_process', node: node.file }, setup, site),
  }
}

const limit: LimitContestant = {
  kind: 'limit',
  protocol: 'cgi',
  id: 'limit',
  name: 'C limit',
  description:
    'no server: `posix_spawn`, `read` and `waitpid` in loops of a C program (`hosts/limit.c`), two for each core',
  missing: () => undefined,
}

/** Every server; ours once with the options, and once more with those of each variant. */
export function createContestants({ options, variants, nodes }: Choices): readonly Contestant[] {
  const programs = { lighttpd, apache, nginx, go }
  const frameworks = Object.keys(OURS) as (keyof typeof OURS)[]
  const all = [{ label: '', file: process.execPath }, ...nodes]
  return [
    limit,
    ...Object.entries(programs).map(
      ([id, server]): Contestant => ({
        kind: 'program',
        protocol: 'cgi',
        id,
        name: server.name,
        // Not asked for its version where it is not there.
        get description() {
          return server.description
        },
        missing: () => server.missing(),
        start: (site) => server.start(site),
      }),
    ),
    ...all.flatMap((node) => [
      createBare(node),
      ...frameworks.flatMap((framework) => [
        createOurs(framework, node, options),
        ...variants.map((variant) => createOurs(framework, node, options, variant)),
      ]),
    ]),
    ...createPhpContestants(all),
    ...createInterpreterContestants(all),
  ]
}
