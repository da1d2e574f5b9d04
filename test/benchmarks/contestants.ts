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

interface ProgramContestant extends ContestantBase {
  readonly isNode: false
  start(site: Site): Promise<RunningServer>
}

interface NodeContestant extends ContestantBase {
  readonly isNode: true
  start(site: Site, setup: NodeSetup): Promise<RunningNodeServer>
}

export type Contestant = ProgramContestant | NodeContestant

const version = (name: string): string => {
  const { version: text } = createRequire(import.meta.url)(`${name}/package.json`) as {
    version: string
  }
  return text
}

const OURS = { fastify: 'Fastify 5', express: 'Express 5' } as const

/** Ours with some options; those of a variant are part of its name. */
function createOurs(
  framework: keyof typeof OURS,
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
  return {
    isNode: true,
    id: framework,
    name: `${OURS[framework]}${suffix}`,
    description: `Common Gateway with ${framework} ${version(framework)}, ${told}`,
    missing: () => undefined,
    start: (site, setup) =>
      startNodeServer(framework, { ...setup, options: { ...setup.options, ...options } }, site),
  }
}

const bare: NodeContestant = {
  isNode: true,
  id: 'child_process',
  name: 'child_process',
  description: 'a bare `node:http` server that calls `child_process.spawn`',
  missing: () => undefined,
  start: (site, setup) => startNodeServer('child_process', setup, site),
}

/** Every server; ours once with the options, and once more with those of each variant. */
export function createContestants(
  options: OptionSet,
  variants: readonly OptionSet[],
): readonly Contestant[] {
  const programs = { lighttpd, apache, nginx, go }
  return [
    ...Object.entries(programs).map(
      ([id, server]): Contestant => ({
        isNode: false,
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
    bare,
    ...(['fastify', 'express'] as const).flatMap((framework) => [
      createOurs(framework, options),
      ...variants.map((variant) => createOurs(framework, options, variant)),
    ]),
  ]
}
