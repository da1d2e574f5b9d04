import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { apache } from '../servers/apache.js'
import { go } from '../servers/go.js'
import { lighttpd } from '../servers/lighttpd.js'
import { nginx } from '../servers/nginx.js'
import type { RunningServer } from '../servers/server.js'
import type { Site } from '../servers/site.js'
import {
  type NodeSetup,
  type OptionSet,
  type RunningNodeServer,
  startNodeServer,
} from './node-server.js'

interface ContestantBase {
  /** Its name on the command line. */
  readonly id: string
  readonly name: string
  readonly description: string
  /** What has to be installed for it; undefined if it is. */
  missing(): string | undefined
}

/** Answers no requests. */
interface LimitContestant extends ContestantBase {
  readonly kind: 'limit'
}

interface ProgramContestant extends ContestantBase {
  readonly kind: 'program'
  start(site: Site, setup: NodeSetup): Promise<RunningServer>
}

interface NodeContestant extends ContestantBase {
  readonly kind: 'node'
  readonly isOurs: boolean
  start(site: Site, setup: NodeSetup): Promise<RunningNodeServer>
}

export type RunnableContestant = ProgramContestant | NodeContestant
export type Contestant = LimitContestant | RunnableContestant

/** A version of Node that the Node servers run on. */
export interface NodeVersion {
  /** What it is called in the names of the servers; empty for the one that runs this. */
  readonly label: string
  /** Its binary. */
  readonly file: string
}

/** What there is beside the servers as they are. */
export interface Choices {
  /** Options for the gateway. */
  readonly options: OptionSet
  /** Options that ours gets once more with. */
  readonly variants: readonly OptionSet[]
  /** Versions of Node that all Node servers run on once more. */
  readonly nodes: readonly NodeVersion[]
}

const version = (name: string): string => {
  const { version: text } = createRequire(import.meta.url)(`${name}/package.json`) as {
    version: string
  }
  return text
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

/** What a Node server is on a version of Node that is not the first one. */
function byNode({ label, file }: NodeVersion): { readonly name: string; description: string } {
  if (label === '') return { name: '', description: '' }
  const text = execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()
  return { name: `, Node ${label}`, description: `, by Node.js ${text}` }
}

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
  return [
    limit,
    ...Object.entries(programs).map(
      ([id, server]): Contestant => ({
        kind: 'program',
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
    ...[{ label: '', file: process.execPath }, ...nodes].flatMap((node) => [
      createBare(node),
      ...frameworks.flatMap((framework) => [
        createOurs(framework, node, options),
        ...variants.map((variant) => createOurs(framework, node, options, variant)),
      ]),
    ]),
  ]
}
