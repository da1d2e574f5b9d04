import { CgiError } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'
import { parseRequestTarget, type RequestTarget } from '../request/target.js'
import { type Resource, resolveScript, type ScriptSettings } from './script.js'
import type { Settings } from '../options/settings.js'

/** What a request has led to. */
export interface FoundScript {
  /** The path and the query that were asked for. */
  readonly target: RequestTarget
  /** What the path names: a script, a file to send, or a folder that was asked for without its slash. */
  readonly script: Resource
}

/** The settings that decide which requests reach which script. */
export type LookupSettings = ScriptSettings & Pick<Settings<never>, 'methods'>

/**
 * Finds the script that a request is for, as the gateway does before it runs anything. Null where there
 * is none.
 *
 * @throws {CgiError} what {@link parseRequestTarget} and {@link resolveScript} throw;
 *   CGI_ERR_METHOD_NOT_ALLOWED.
 */
export function lookUpScript(request: CgiRequest, settings: LookupSettings): FoundScript | null {
  const target = parseRequestTarget(request)
  if (target === null) return null
  const script = resolveScript(target.path, request.mount, settings)
  if (script === null) return null
  checkMethod(request.method, script.type === 'file' ? FILES : settings)
  return { target, script }
}

/** What is no program answers these alone. */
const FILES = { methods: new Set(['GET', 'HEAD']) }

function checkMethod(method: string, { methods }: Pick<LookupSettings, 'methods'>): void {
  // A script cannot answer TRACE (it would be shown credentials to echo) nor CONNECT.
  const isAllowed = method !== 'TRACE' && method !== 'CONNECT' && (methods?.has(method) ?? true)
  if (isAllowed) return
  const allow = [...(methods ?? COMMON_METHODS)].join(', ')
  throw new CgiError('CGI_ERR_METHOD_NOT_ALLOWED', { headers: { allow } })
}

const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
