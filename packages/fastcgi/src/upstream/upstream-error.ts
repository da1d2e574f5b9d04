import { CgiError } from '@common-gateway/core/transport'

/** The application server that has failed. */
interface Failed {
  readonly name: string
}

/** The `code` of an error of the system. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}

/** Why something has failed. */
export function describe(error: unknown): string {
  if (error instanceof CgiError) return error.reason ?? error.message
  return error instanceof Error ? error.message : String(error)
}

/** The error for a request that no upstream has taken, by the failure of the last one that was tried. */
export function toConnectError(upstream: Failed, cause: unknown): CgiError {
  const fault = codeOf(cause)
  const hint = fault === undefined ? undefined : HINTS[fault]
  const code = fault === 'ETIMEDOUT' ? 'CGI_ERR_UPSTREAM_TIMEOUT' : 'CGI_ERR_NO_UPSTREAM'
  return new CgiError(code, {
    reason: `${upstream.name}: ${describe(cause)}`,
    fault,
    hint,
    upstream: upstream.name,
    cause,
  })
}

/** The error for a request for which there is no room. */
export function toBusyError(reason: string, upstream?: string): CgiError {
  return new CgiError('CGI_ERR_BUSY', {
    reason,
    upstream,
    headers: { 'retry-after': '1' },
  })
}

/** What to try, by the `code` of the failed connection. The gateway has hints for the others. */
const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The name of the machine has no address. Check `address`, or the DNS.',
  EHOSTUNREACH:
    'There is no route to that machine. Check the address, the network and the firewall.',
  ENETUNREACH: 'There is no route to that network. Check the address and the network.',
}
