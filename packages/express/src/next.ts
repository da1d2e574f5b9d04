import { CgiError, type CgiLogger, createErrorPage } from '@common-gateway/core'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'

/** Hands a request on to the application. */
export type Next = (error?: unknown) => void

/**
 * Returns a next() that never throws. It is called where nothing catches an exception, and an unhandled rejection
 * ends the process. If the application's next() throws, the request is answered, or its connection destroyed.
 */
export function guardNext(
  next: Next,
  request: IncomingMessage,
  response: ServerResponse,
  { logger, errorPage }: { readonly logger: CgiLogger; readonly errorPage: boolean },
): Next {
  async function call(failure: unknown): Promise<void> {
    try {
      // In some frameworks it is an async function.
      await (next(failure) as unknown)
    } catch (thrown) {
      // Polka 0.5 sets the `code` of an error as the status, which Node refuses.
      const isCodeTaken =
        failure instanceof CgiError && codeOf(thrown) === 'ERR_HTTP_INVALID_STATUS_CODE'
      if (!isCodeTaken) logger.error({ err: thrown }, 'the application failed in next()')
      if (response.headersSent || response.destroyed) response.destroy()
      else answer(isCodeTaken ? failure : null, request, response, errorPage)
    }
  }

  return (failure) => void call(failure)
}

/** Answers in the application's place, as Express does: without the fields that were set before. */
function answer(
  failure: CgiError | null,
  request: IncomingMessage,
  response: ServerResponse,
  errorPage: boolean,
): void {
  const status = failure?.statusCode ?? 500
  const page = errorPage ? createErrorPage(failure, request.headers.accept) : null
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    ...failure?.headers,
    ...page?.headers,
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.statusCode = status
  response.statusMessage = STATUS_CODES[status] ?? ''
  const sentence = failure?.expose === true ? failure.message : STATUS_CODES[status]
  response.end(page?.body ?? sentence)
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
