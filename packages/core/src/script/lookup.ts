import { CgiError } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'
import { parseRequestTarget, type RequestTarget } from '../request/target.js'
import type { Finder, Resource } from './finder.js'
import { parseScriptPath, type PathSettings } from './script-path.js'
import type { Settings } from '../options/settings.js'

/** The resource that a request names. */
export interface FoundScript {
  /** Path and query of the request. */
  readonly target: RequestTarget
  /** A script, a file to send, or a folder whose URL lacks the slash at its end. */
  readonly script: Resource
}

/** The settings that decide which requests reach a script. */
export type LookupSettings = PathSettings & Pick<Settings<never>, 'methods'>

/**
 * Finds the script for a request, as the gateway does before it runs anything. Null where there is none.
 *
 * @throws {CgiError} what {@link parseRequestTarget} and {@link Finder.find} throw; CGI_ERR_BAD_TARGET,
 *   CGI_ERR_METHOD_NOT_ALLOWED.
 */
export function lookUpScript(
  request: CgiRequest,
  finder: Finder,
  settings: LookupSettings,
): FoundScript | null {
  const target = parseRequestTarget(request)
  if (target === null) return null
  const script = finder.find(parseScriptPath(target.path, request.mount, settings))
  if (script === null) return null
  checkMethod(request.method, script.type === 'file' ? FILES : settings)
  return { target, script }
}

/** The methods of a file that is no script. */
const FILES = { methods: new Set(['GET', 'HEAD']) }

function checkMethod(method: string, { methods }: Pick<LookupSettings, 'methods'>): void {
  // A script cannot answer CONNECT, and to echo TRACE it would have to see credentials.
  const isAllowed = method !== 'TRACE' && method !== 'CONNECT' && (methods?.has(method) ?? true)
  if (isAllowed) return
  const allow = [...(methods ?? COMMON_METHODS)].join(', ')
  throw new CgiError('CGI_ERR_METHOD_NOT_ALLOWED', { headers: { allow } })
}

const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
