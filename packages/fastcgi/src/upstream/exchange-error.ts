import { CgiError, type ScriptExit } from '@common-gateway/core/transport'
import { CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE } from '../protocol/record.js'
import type { ManagedWorker } from '../workers/managed-worker.js'
import type { FailedEnd } from './retry-decision.js'
import type { Upstream } from './upstream.js'
import { toBusyError } from './upstream-error.js'

/** What is known of a request that has failed. */
export interface FailedRequest {
  /** Whether a byte of its answer has come. */
  readonly hasBegun: boolean
  readonly pid: number | undefined
  /** How the process that had it has ended; undefined where it goes on, or is not ours. */
  readonly exit: ScriptExit | undefined
}

/** The error of a request that was sent, and has not been answered whole. */
export function toExchangeError(
  { name: upstream, worker }: Upstream,
  end: FailedEnd,
  { hasBegun, pid, exit }: FailedRequest,
): CgiError {
  const facts = { upstream, pid }
  if (end.type === 'fault') {
    return new CgiError('CGI_ERR_UPSTREAM_PROTOCOL', { ...facts, reason: end.reason })
  }
  if (end.type === 'rejected') {
    if (end.protocolStatus === OVERLOADED && !hasBegun) {
      return toBusyError('the application server is overloaded (FCGI_OVERLOADED)', upstream)
    }
    const reason = `the application server rejected the request: ${statusName(end.protocolStatus)}`
    return new CgiError('CGI_ERR_UPSTREAM_PROTOCOL', { ...facts, reason })
  }
  if (exit !== undefined) return toExitError(worker, exit, facts)
  const reason = 'the application server closed the connection before the end of its answer'
  return new CgiError('CGI_ERR_NO_RESPONSE', { ...facts, reason, cause: end.error })
}

function toExitError(
  worker: ManagedWorker | undefined,
  exit: ScriptExit,
  facts: { readonly upstream: string; readonly pid: number | undefined },
): CgiError {
  // It is no application server, or cannot start.
  if (worker?.failure !== undefined && exit.signal === null) return worker.failure
  const [code, how] =
    exit.signal === null
      ? (['CGI_ERR_NO_RESPONSE', `exited with code ${exit.exitCode}`] as const)
      : (['CGI_ERR_KILLED', `was ended by ${exit.signal}`] as const)
  const line = worker?.lastLine ? `; it has written: ${worker.lastLine}` : ''
  const reason = `the worker ${how} before the end of its answer${line}`
  return new CgiError(code, { ...facts, ...exit, reason })
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  [CANT_MPX_CONN]: 'FCGI_CANT_MPX_CONN',
  [OVERLOADED]: 'FCGI_OVERLOADED',
  [UNKNOWN_ROLE]: 'FCGI_UNKNOWN_ROLE',
}

function statusName(status: number): string {
  return STATUS_NAMES[status] ?? `protocolStatus ${status}`
}
