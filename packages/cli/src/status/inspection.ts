import { CgiError, type CgiRequest, type WarmScript } from '@common-gateway/core'
import { findMount } from '@common-gateway/core/adapter'
import {
  chooseFinder,
  createCommandLine,
  createMetaVariables,
  createSettings,
  type Finder,
  hintFor,
  lookUpScript,
  type Script,
  type Settings,
} from '@common-gateway/core/steps'
import type { FastifyRequest } from 'fastify'
import { METHODS } from 'node:http'
import path from 'node:path'
import type { FastcgiOptions } from '@common-gateway/fastcgi'
import type { Mount } from '../site/gateways.js'
import type { Site } from '../site/site.js'

/** A gateway with its settings resolved. */
export interface InspectedGateway {
  /** URL of the mount, without a trailing slash: `/cgi-bin`. */
  readonly mount: string
  readonly settings: Settings<FastifyRequest>
  readonly finder: Finder
  /** The application server of a script; undefined for one that is a process. */
  readonly serverOf: (script: Script) => FastcgiOptions | undefined
  /** What its spawner knows about a script; undefined where it keeps no interpreters warm. */
  readonly warmScript: (file: string) => WarmScript | undefined
}

/** A request without its mount. */
type UnmountedRequest = Omit<CgiRequest<FastifyRequest>, 'mount'>

/** The action of a gateway for a request. */
export type Inspection =
  | {
      readonly type: 'run'
      readonly mount: string
      readonly script: Script
      /** Program and arguments, byte strings. */
      readonly command: readonly string[]
      readonly cwd: string
      /** The application server that runs it; undefined for a process. */
      readonly server: FastcgiOptions | undefined
      /** Its fork server, or why it has none; undefined where there are none, or it has not run. */
      readonly warm: WarmScript | undefined
      /** User of the script; undefined for the user of the server. */
      readonly account: string | number | undefined
      /** Byte strings. */
      readonly environment: Readonly<Record<string, string>>
      /** Advice if the script cannot be executed. */
      readonly hint: string | undefined
    }
  /** A folder whose URL lacks the trailing slash. */
  | { readonly type: 'redirect'; readonly location: string }
  /** The URL or its script is refused; nothing would run. */
  | { readonly type: 'refusal'; readonly error: CgiError; readonly hint: string | undefined }
  /** The HTTP parser does not accept the method. */
  | { readonly type: 'no-method' }
  /** The gateway has no script for the URL; without `mount`, no gateway has the URL. */
  | { readonly type: 'nothing'; readonly mount: string | undefined }

/**
 * Resolves the settings of the gateways once. The longest mount comes first.
 *
 * @param warmScript - what the gateway at a URL knows about a script.
 */
export function prepareGateways(
  mounts: readonly Mount[],
  { servers, defaultServers }: Pick<Site, 'servers' | 'defaultServers'>,
  warmScript: (url: string, file: string) => WarmScript | undefined,
): InspectedGateway[] {
  const prepared = mounts.map(({ url, options, server }) => {
    const settings = createSettings(options)
    const serverOf = ({ file, transport }: Script): FastcgiOptions | undefined => {
      const extension = path.extname(file)
      return server ?? (transport && (servers[extension] ?? defaultServers[extension]))
    }
    return {
      mount: url.replace(/\/$/, ''),
      settings,
      finder: chooseFinder(settings),
      serverOf,
      warmScript: (file: string) => warmScript(url, file),
    }
  })
  return prepared.toSorted((one, other) => depthOf(other.mount) - depthOf(one.mount))
}

function depthOf(mount: string): number {
  return mount.split('/').length
}

/**
 * Finds out what a gateway would do for a request, with the steps of the gateway, and runs nothing.
 *
 * @param advise - returns advice for a script that cannot be executed.
 */
export async function inspect(
  request: UnmountedRequest,
  gateways: readonly InspectedGateway[],
  advise: (script: string) => string | undefined,
): Promise<Inspection> {
  // The methods that the parser of node:http accepts.
  if (!METHODS.includes(request.method)) return { type: 'no-method' }
  for (const gateway of gateways) {
    try {
      const mount = findMount(request.url, gateway.mount)
      if (mount === null) continue
      return await inspectAt({ ...request, mount }, gateway, advise)
    } catch (error) {
      if (!(error instanceof CgiError)) throw error
      if (error.code === 'CGI_ERR_NOT_EXECUTABLE') {
        error.add({ hint: error.script && advise(error.script) })
      }
      return { type: 'refusal', error, hint: hintFor(error) }
    }
  }
  return { type: 'nothing', mount: undefined }
}

async function inspectAt(
  request: CgiRequest<FastifyRequest>,
  { settings, finder, serverOf, warmScript }: InspectedGateway,
  advise: (script: string) => string | undefined,
): Promise<Inspection> {
  const { mount, native } = request
  const found = lookUpScript(request, finder, settings)
  if (found === null) return { type: 'nothing', mount }
  const { target, script } = found
  if (script.type === 'folder') return { type: 'redirect', location: script.location }
  if (script.type === 'file') return { type: 'nothing', mount }
  const { user, group } = settings
  const server = serverOf(script)
  const env = typeof settings.env === 'function' ? await settings.env(native) : settings.env
  const environment = createMetaVariables({
    request,
    target,
    script,
    contentLength: undefined,
    user: await settings.authenticate?.(native),
    env: env ?? {},
    settings,
  })
  return {
    type: 'run',
    mount,
    script,
    command: createCommandLine(request.method, target, script, settings),
    cwd: settings.cwd ?? path.dirname(script.file),
    server,
    warm: warmScript(script.file),
    account: user ?? (group === undefined ? undefined : `the group ${group}`),
    environment,
    hint: server === undefined ? advise(script.file) : undefined,
  }
}
