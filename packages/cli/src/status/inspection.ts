import { CgiError, type CgiRequest } from '@common-gateway/core'
import { findMount } from '@common-gateway/core/adapter'
import {
  createCommandLine,
  createMetaVariables,
  createSettings,
  hintFor,
  lookUpScript,
  type Script,
  type Settings,
} from '@common-gateway/core/steps'
import type { FastifyRequest } from 'fastify'
import { METHODS } from 'node:http'
import path from 'node:path'
import type { Mount } from '../site/gateways.js'

/** A gateway as it answers. */
export interface InspectedGateway {
  /** Where it is mounted, without a slash at its end: `/cgi-bin`. */
  readonly mount: string
  readonly settings: Settings<FastifyRequest>
}

/** A request as a gateway would get it, but for its mount. */
type UnmountedRequest = Omit<CgiRequest<FastifyRequest>, 'mount'>

/** What a gateway would do with a request. */
export type Inspection =
  | {
      readonly type: 'run'
      readonly mount: string
      readonly script: Script
      /** The words that the script would be started with, byte strings. */
      readonly command: readonly string[]
      readonly cwd: string
      /** Whom it would run as; undefined: as the server. */
      readonly account: string | number | undefined
      /** Byte strings. */
      readonly environment: Readonly<Record<string, string>>
      /** What to do first, where the system would not start it. */
      readonly hint: string | undefined
    }
  /** It is a folder, asked for without the slash at its end. */
  | { readonly type: 'redirect'; readonly location: string }
  /** It is a script's URL, or none that there can be, but none would be run. */
  | { readonly type: 'refusal'; readonly error: CgiError; readonly hint: string | undefined }
  /** No request has such a method. */
  | { readonly type: 'no-method' }
  /** No script of this gateway has such a URL; without `mount`, no gateway has. */
  | { readonly type: 'nothing'; readonly mount: string | undefined }

/** Makes the settings of the gateways once, as they do, the one with the longest mount first. */
export function prepareGateways(mounts: readonly Mount[]): InspectedGateway[] {
  const prepared = mounts.map(({ url, options }) => {
    return { mount: url.replace(/\/$/, ''), settings: createSettings(options) }
  })
  return prepared.toSorted((one, other) => depthOf(other.mount) - depthOf(one.mount))
}

function depthOf(mount: string): number {
  return mount.split('/').length
}

/**
 * Says what a request would have a gateway do, and does nothing: by the very steps of the gateways.
 *
 * @param advise - what to do so that a script can be run.
 */
export async function inspect(
  request: UnmountedRequest,
  gateways: readonly InspectedGateway[],
  advise: (script: string) => string | undefined,
): Promise<Inspection> {
  // Node's parser knows no others.
  if (!METHODS.includes(request.method)) return { type: 'no-method' }
  for (const { mount: wanted, settings } of gateways) {
    try {
      const mount = findMount(request.url, wanted)
      if (mount === null) continue
      return await inspectAt({ ...request, mount }, settings, advise)
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
  settings: Settings<FastifyRequest>,
  advise: (script: string) => string | undefined,
): Promise<Inspection> {
  const { mount, native } = request
  const found = lookUpScript(request, settings)
  if (found === null) return { type: 'nothing', mount }
  const { target, script } = found
  if (script.type === 'folder') return { type: 'redirect', location: script.location }
  if (script.type === 'file') return { type: 'nothing', mount }
  const { user, group } = settings
  const env = typeof settings.env === 'function' ? await settings.env(native) : settings.env
  return {
    type: 'run',
    mount,
    script,
    command: createCommandLine(request.method, target, script, settings),
    cwd: settings.cwd ?? path.dirname(script.file),
    account: user ?? (group === undefined ? undefined : `the group ${group}`),
    environment: createMetaVariables({
      request,
      target,
      script,
      contentLength: undefined,
      user: await settings.authenticate?.(native),
      env: env ?? {},
      settings,
    }),
    hint: advise(script.file),
  }
}
