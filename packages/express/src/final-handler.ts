import { createErrorPage } from '@common-gateway/core'
import { describeFailure } from '@common-gateway/core/adapter'
import type { IncomingMessage, ServerResponse } from 'node:http'

// What answers in Express, and in Connect, where the application has no error handler: the package
// `finalhandler`. It is in neither's API; what is known of it here is what it does to a response.

/** What is done about a failure that is handed to the application. */
export interface LastAnswerOptions {
  /** Whether a page that explains the failure takes the place of that answer. */
  readonly errorPage: boolean
  /** Logs the failure, unless the same failure is printed by who gives that answer. */
  readonly log: (() => void) | undefined
}

/**
 * Explains the failure of a script in the place of that answer. An answer of the application's own is
 * let pass: it is not known before the response is ended, so the end is where it is looked at. Express
 * and Connect print the failures that are answered so; all others are logged.
 */
export function watchLastAnswer(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  options: LastAnswerOptions,
): void {
  if (!request.complete || request.readable) answerAtOnce(request)
  const page = options.errorPage ? createErrorPage(error, request.headers.accept) : null
  let { log } = options
  if (page === null && log === undefined) return
  const logOnce = (): void => {
    log?.()
    log = undefined
  }
  // Whoever has put an `end` of their own there, such as a compression, is called as before.
  const end = response.end.bind(response)
  const endOrExplain = (...words: unknown[]): ServerResponse => {
    const isLast = isFinalHandler(request, response, words)
    if (isLast && log !== undefined && error instanceof Error && printsErrors(request)) {
      log = undefined
      // What Express 4 and Connect print, once the response is ended; Express 5 asks for the same.
      error.stack = describeFailure(error)
    }
    logOnce()
    if (!isLast || page === null) return Reflect.apply(end, response, words)
    for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value)
    return Reflect.apply(end, response, words.length === 0 ? [] : [page.body])
  }
  // One function for all the ways that `end` can be called in, as it is behind its type, too.
  response.end = endOrExplain as ServerResponse['end']
  if (log !== undefined) response.once('close', logOnce)
}

/**
 * It waits until all of the request has come, but this one may never end: too large, or from a client
 * that waits for the answer. It asks the package `on-finished`, which asks for this.
 */
function answerAtOnce(request: IncomingMessage): void {
  Object.assign(request, { finished: true })
}

/** Whether Express or Connect prints what nobody else has handled: but for tests, they do. */
function printsErrors(
  request: IncomingMessage & { app?: { get(name: string): unknown } },
): boolean {
  return (request.app?.get('env') ?? process.env['NODE_ENV']) !== 'test'
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
