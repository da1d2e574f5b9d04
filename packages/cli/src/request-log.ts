import type { IncomingMessage, ServerResponse } from 'node:http'
import { toPrintableUrl } from './printable.js'

/**
 * Writes a line about a request to standard output once it is over, whoever answered it. Node's own
 * request and response are watched rather than Fastify's, which never see what cannot be routed and
 * lose sight of a response that a script writes itself.
 */
export function logRequest(request: IncomingMessage, response: ServerResponse): void {
  const start = performance.now()
  // Kept from before a script's local redirect, which makes another request of this one.
  const { method = '-', url = '-' } = request
  response.once('close', () => {
    const { headersSent, statusCode, writableFinished } = response
    // A script that writes the whole response itself (nph-) has a status that is its own affair.
    const status = headersSent ? statusCode : '-'
    const duration = `${Math.round(performance.now() - start)}ms`
    const words = [new Date().toISOString(), method, toPrintableUrl(url), status, duration]
    if (headersSent && !writableFinished) words.push('aborted')
    process.stdout.write(`${words.join(' ')}\n`)
  })
}
