import path from 'node:path'
import { toByteString } from './byte-string.js'
import { CgiError } from './errors.js'
import { createFinalHeaderParser } from './early-hints.js'
import type { ScriptHeader } from './header-parser.js'
import { createFirstByteReader, readHeader } from './header-reader.js'
import type { CgiLogger } from './logger.js'
import type { CgiRequest, CgiResponse, LocalRedirect, NonParsedResponse } from './message.js'
import { createArguments, createMetaVariables } from './meta-variables.js'
import type { CgiOptions } from './options.js'
import { ProcessTransport } from './process/process-transport.js'
import { drain } from './drain.js'
import { isReceived, openRequestBody, readFraming } from './request-body.js'
import { parseRequestTarget, type RequestTarget } from './request-target.js'
import { createEmptyBody, endOfRequest, ResponseBody } from './response-body.js'
import type { CgiStats } from './run-diagnostics.js'
import { type ResponseHead, standardReason, toResponse } from './response.js'
import { resolveScript, type Script } from './script.js'
import type { ScriptRun } from './script-run.js'
import { ScriptRuns } from './script-runs.js'
import {
  createFileBody,
  namesFile,
  openNamedFile,
  type SentFile,
  withoutFileName,
} from './sendfile.js'
import { type Command, createSettings } from './settings.js'
import { StandardErrorTail } from './standard-error-tail.js'

/** The gateway, with nothing of a framework in it. */
export interface CgiHandler<Native = unknown> {
  /**
   * Has a script answer a request. Null: there is no such script, and the caller goes on to its own
   * 404.
   *
   * @throws {CgiError} when there is no answer; its `statusCode` is what the client should hear. Nobody
   *   is there to hear it when `request.signal` is aborted.
   */
  handle(request: CgiRequest<Native>): Promise<CgiAnswer | null>
  /** Where to serve scripts when the framework has not mounted the gateway: `options.prefix`. */
  readonly prefix: string
  /** Where failures are told that the framework does not log itself: `options.logger`. */
  readonly logger: CgiLogger
  /** What runs and waits now, and what has run. */
  stats(): CgiStats
  /** Whether a failure is explained to the client, by {@link createErrorPage}: `options.errorPage`. */
  readonly errorPage: boolean
  /**
   * Starts no more scripts (503), lets those that run end for `closeTimeout`, then stops them.
   * Resolves when all have ended.
   */
  close(): Promise<void>
}

/** What a script can answer with. */
export type CgiAnswer = CgiResponse | NonParsedResponse | LocalRedirect

/** Local redirects in a row that are followed; Apache's LimitInternalRecursion is the same. */
const MOST_LOCAL_REDIRECTS = 10

/**
 * Makes a gateway.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createCgiHandler<Native = unknown>(
  options: CgiOptions<Native> = {},
): CgiHandler<Native> {
  const settings = createSettings(options)
  const runs = new ScriptRuns(settings, new ProcessTransport(settings))

  async function answer(request: CgiRequest<Native>): Promise<CgiAnswer | null> {
    if (request.areHeadersCut === true) {
      throw new CgiError('CGI_ERR_HEADERS_CUT', { headers: { connection: 'close' } })
    }
    const target = parseRequestTarget(request)
    if (target === null) return null
    const script = await resolveScript(target.path, request.mount, settings)
    if (script === null) return null
    checkMethod(request.method)
    if (script.type === 'folder') return redirect(request, target, script.location)
    const framing = readFraming(request, settings.bodyLimit)
    const user = await settings.authenticate?.(request.native)
    const env =
      typeof settings.env === 'function' ? await settings.env(request.native) : settings.env
    const body = await openRequestBody(request, framing, settings)
    const standardError = settings.errorPage ? new StandardErrorTail() : undefined
    const run = await runs.start({
      script: script.file,
      command: toCommand(request, target, script),
      cwd: settings.cwd ?? path.dirname(script.file),
      environment: () =>
        createMetaVariables({
          request,
          target,
          script,
          contentLength: body.length,
          user,
          env: env ?? {},
          settings,
        }),
      body,
      request,
      standardError,
    })
    try {
      return await readAnswer(request, run, script)
    } catch (error) {
      if (error instanceof CgiError) await standardError?.addTo(error)
      throw error
    }
  }

  async function readAnswer(
    request: CgiRequest<Native>,
    run: ScriptRun,
    script: Script,
  ): Promise<CgiAnswer> {
    if (isNonParsed(request, script)) {
      const { rest } = await readHeader(run, createFirstByteReader(), settings.headersTimeout)
      return { type: 'non-parsed', body: createBody(run, rest, undefined, request) }
    }
    const parser = createFinalHeaderParser(settings, (links) => request.sendEarlyHints?.(links))
    const header = await readHeader(run, parser, settings.headersTimeout)
    return respond(request, script, run, header)
  }

  /** From a script's header to the answer. What is wrong with it ends the run. */
  async function respond(
    request: CgiRequest<Native>,
    script: Script,
    run: ScriptRun,
    header: ScriptHeader,
  ): Promise<CgiResponse | LocalRedirect> {
    try {
      const head = toResponse(header)
      if (head.type === 'local-redirect') {
        checkRedirects(request)
        run.discard()
        await endOfRequest(run, request.body)
        return head
      }
      const { status, reason, contentLength, hasBody } = head
      const file = hasBody ? await openFile(head, request, script) : null
      if (file !== null) {
        run.discard()
        const { headers, content } = file
        const body = content
          ? createFileBody(content, file.contentLength, () => endOfRequest(run, request.body))
          : noBody(request, run)
        const isOwn = file.status === status
        const phrase = isOwn ? reason : standardReason(file.status)
        return { type: 'response', status: file.status, reason: phrase, headers, body }
      }
      const headers = withoutFileName(head)
      if (hasBody && request.method !== 'HEAD') {
        const body = createBody(run, header.rest, contentLength, request)
        if (settings.strict && !head.hasContentType) await checkEmpty(body)
        return { type: 'response', status, reason, headers, body }
      }
      run.discard()
      return { type: 'response', status, reason, headers, body: noBody(request, run) }
    } catch (error) {
      run.fail(
        error instanceof CgiError ? error : new CgiError('CGI_ERR_NO_RESPONSE', { cause: error }),
      )
      throw error
    }
  }

  /** RES-7: the file that a script names in the place of its own content; null where there is none. */
  async function openFile(
    head: ResponseHead,
    request: CgiRequest<Native>,
    script: Script,
  ): Promise<SentFile | null> {
    if (!namesFile(head)) return null
    const folder = path.dirname(script.file)
    const file = await openNamedFile(head, request, folder, settings.sendfileRoots)
    if (typeof file !== 'string') return file
    const logger = request.logger ?? settings.logger
    logger.warn({ script: script.file, reason: file }, 'the file that the script names is not sent')
    return null
  }

  function createBody(
    run: ScriptRun,
    first: Buffer,
    contentLength: number | undefined,
    request: CgiRequest<Native>,
  ): ResponseBody {
    const { bodyTimeout } = settings
    return new ResponseBody({ run, first, contentLength, requestBody: request.body, bodyTimeout })
  }

  function isNonParsed(request: CgiRequest<Native>, script: Script): boolean {
    // A connection of HTTP/2 is not a script's to write on.
    const isPlain = request.httpVersion.startsWith('1.')
    return settings.nph && isPlain && path.basename(script.file).startsWith('nph-')
  }

  function toCommand(
    { method }: CgiRequest<Native>,
    { query }: RequestTarget,
    { command: [program, ...args] }: Script,
  ): Command {
    const words = settings.indexQuery ? createArguments(method, query) : []
    return [toByteString(program), ...args.map(toByteString), ...words]
  }

  function checkMethod(method: string): void {
    const { methods } = settings
    // A script cannot answer TRACE (it would be shown credentials to echo) nor CONNECT.
    const isAllowed = method !== 'TRACE' && method !== 'CONNECT' && (methods?.has(method) ?? true)
    if (isAllowed) return
    const allow = [...(methods ?? COMMON_METHODS)].join(', ')
    throw new CgiError('CGI_ERR_METHOD_NOT_ALLOWED', { headers: { allow } })
  }

  async function handle(request: CgiRequest<Native>): Promise<CgiAnswer | null> {
    try {
      return await answer(request)
    } catch (error) {
      // A client that is still sending may not listen before it is done.
      const isTooMuch = error instanceof CgiError && error.code === 'CGI_ERR_BODY_TOO_LARGE'
      if (!isTooMuch) await drain(request.body)
      throw error
    }
  }

  const { prefix, logger, errorPage } = settings
  const stats = (): CgiStats => runs.stats()
  const close = (): Promise<void> => runs.close()
  return { handle, prefix, logger, errorPage, stats, close }
}

const COMMON_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function redirect(request: CgiRequest, target: RequestTarget, location: string): CgiResponse {
  const query = target.query === '' ? '' : `?${target.query}`
  return {
    type: 'response',
    status: 308,
    reason: standardReason(308),
    headers: [['Location', location + query]],
    body: noBody(request, null),
  }
}

/** No content, after what the client still sends. */
function noBody(request: CgiRequest, run: ScriptRun | null): CgiResponse['body'] {
  return isReceived(request.body) ? null : createEmptyBody(run, request.body)
}

function checkRedirects(request: CgiRequest): void {
  const { count } = request.localRedirects
  if (count < MOST_LOCAL_REDIRECTS) return
  throw new CgiError('CGI_ERR_TOO_MANY_REDIRECTS', { reason: `${count} in a row` })
}

/** RFC 3875 section 6.3.1: a script MUST send a Content-Type with content. */
async function checkEmpty(body: ResponseBody): Promise<void> {
  if (await body.hasContent()) {
    throw new CgiError('CGI_ERR_BAD_HEADER', { reason: 'there is content, but no Content-Type' })
  }
}
