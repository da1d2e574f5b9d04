import { createErrorPage } from '@common-gateway/core'
import { describeFailure } from '@common-gateway/core/adapter'
import type { IncomingMessage, ServerResponse } from 'node:http'

// The package `finalhandler` answers in Express and in Connect if the application has no error handler. It is in
// neither's API, so this file recognizes it by what it does to a response.

/** How a failure is handled that is handed to the application. */
export interface LastAnswerOptions {
  /** Whether a page that explains the failure replaces finalhandler's. */
  readonly errorPage: boolean
  /** Logs the failure, unless the framework prints it. */
  readonly log: (() => void) | undefined
}

/**
 * Replaces finalhandler's response to the failure of a script by a page that explains it. A response of the
 * application's own passes unchanged; the two can be told apart only when `response.end()` is called. Express and
 * Connect print the failures that finalhandler answers; all others are logged.
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
  // The end() of a middleware, such as a compression, is called as before.
  const end = response.end.bind(response)
  const endOrExplain = (...args: unknown[]): ServerResponse => {
    const isLast = isFinalHandler(request, response, args)
    if (isLast && log !== undefined && error instanceof Error && printsErrors(request)) {
      log = undefined
      // Express 4 and Connect print `stack` once the response has ended; Express 5 checks for it.
      error.stack = describeFailure(error)
    }
    logOnce()
    if (!isLast || page === null) return Reflect.apply(end, response, args)
    for (const [name, value] of Object.entries(page.headers)) response.setHeader(name, value)
    return Reflect.apply(end, response, args.length === 0 ? [] : [page.body])
  }
  // One function for all overloads of end().
  response.end = endOrExplain as ServerResponse['end']
  if (log !== undefined) response.once('close', logOnce)
}

/**
 * finalhandler waits for the end of the request, but this one may never end: it is too large, or its client waits
 * for the response. The package `on-finished`, which finalhandler uses, reads `request.finished`.
 */
function answerAtOnce(request: IncomingMessage): void {
  Object.assign(request, { finished: true })
}

/** Whether Express or Connect prints unhandled errors; they do except in tests. */
function printsErrors(
  request: IncomingMessage & { app?: { get(name: string): unknown } },
): boolean {
  return (request.app?.get('env') ?? process.env['NODE_ENV']) !== 'test'
}

/** Whether finalhandler ends the response: it has its policy, and its document except for HEAD. */
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
