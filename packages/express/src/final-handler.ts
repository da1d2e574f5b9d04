import { createErrorPage } from '@common-gateway/core'
import type { IncomingMessage, ServerResponse } from 'node:http'

// What answers in Express, and in Connect, where the application has no error handler: the package
// `finalhandler`. It is in neither's API; what is known of it here is what it does to a response.

/**
 * It waits until all of the request has come, but this one may never end: too large, or from a client
 * that waits for the answer. It asks the package `on-finished`, which asks for this.
 */
export function answerAtOnce(request: IncomingMessage): void {
  Object.assign(request, { finished: true })
}

/**
 * Explains the failure of a script in the place of that answer. An answer of the application's own is
 * let pass: it is not known before the response is ended, so the end is where it is looked at.
 */
export function showErrorPage(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const page = createErrorPage(error, request.headers.accept)
  if (page === null) return
  // Whoever has put an `end` of their own there, such as a compression, is called as before.
  const end = response.end.bind(response)
  const endOrExplain = (...words: unknown[]): ServerResponse => {
    if (!isFinalHandler(request, response, words)) return Reflect.apply(end, response, words)
    for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value)
    return Reflect.apply(end, response, words.length === 0 ? [] : [page.body])
  }
  // One function for all the ways that `end` can be called in, as it is behind its type, too.
  response.end = endOrExplain as ServerResponse['end']
}

/** Whether this is how finalhandler ends a response: its policy, and its document unless to a HEAD. */
function isFinalHandler(
  { method }: IncomingMessage,
  response: ServerResponse,
  [body]: unknown[],
): boolean {
  const policy = response.getHeader('content-security-policy')
  const isItsDocument =
    method === 'HEAD' ? body === undefined : typeof body === 'string' && body.startsWith(DOCUMENT)
  return !response.headersSent && policy === "default-src 'none'" && isItsDocument
}

const DOCUMENT =
  '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>'
