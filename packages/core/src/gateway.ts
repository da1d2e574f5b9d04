import { drain } from './data/drain.js'
import { CgiError, type CgiErrorCode } from './data/cgi-error.js'
import { checkFallback } from './script/fallback-check.js'
import { answerWithFile } from './response/file-answer.js'
import { LinkWarnings } from './script/link-warnings.js'
import { type CgiLogger, loggerOf } from './data/logger.js'
import type { CgiRequest, CgiResponse } from './data/message.js'
import { argumentsOf } from './environment/command-line.js'
import { createMetaVariables } from './environment/meta-variables.js'
import { findMount } from './request/mount.js'
import type { CgiOptions, CgiUser } from './options/options.js'
import { ProcessTransport } from './process/process-transport.js'
import { GuardedTransport } from './transport/guarded-transport.js'
import type { Transport } from './transport/transport.js'
import { readFraming } from './body/framing.js'
import { isSpooled, openRequestBody } from './body/request-body.js'
import type { RequestTarget } from './request/target.js'
import { standardReason } from './response/response-head.js'
import type { CgiStats } from './run/diagnostics.js'
import { type Call, type CgiAnswer, noBody, readAnswer } from './response/answer.js'
import { chooseFinder } from './script/finder-choice.js'
import { parseScriptPath } from './script/script-path.js'
import { lookUpScript } from './script/lookup.js'
import type { ScriptRun } from './run/run.js'
import { ScriptRuns } from './run/runs.js'
import { createSettings, type Settings } from './options/settings.js'
import { toSizeError } from './environment/variable-size.js'

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
  /**
   * Finds where a path leads to this gateway, for a framework that has not mounted it: see
   * {@link findMount}.
   *
   * @param base - the beginning of the path that the framework has matched already.
   * @param at - where the gateway is below that. Default: `options.prefix`.
   */
  findMount(path: string, base?: string, at?: string): string | null
  /**
   * Whether a path names a script, or what is withheld: nothing but this gateway may answer for it.
   *
   * @param path - without a query.
   * @param mount - the part of it that the gateway is mounted at, as {@link findMount} gives it.
   */
  isKept(path: string, mount: string): boolean
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

/**
 * Makes a gateway.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createCgiHandler<Native = unknown>(
  options: CgiOptions<Native> = {},
): CgiHandler<Native> {
  const settings = createSettings(options)
  checkFallback(settings)
  const finder = chooseFinder(settings)
  const runs = new ScriptRuns(settings, createTransport(settings))
  const linkWarnings = new LinkWarnings()

  /** From the look-up to the start of the script; the answer itself where that takes no script. */
  async function open(request: CgiRequest<Native>): Promise<OpenCall | CgiAnswer | null> {
    if (request.areHeadersCut === true) {
      throw new CgiError('CGI_ERR_HEADERS_CUT', { headers: { connection: 'close' } })
    }
    const found = lookUpScript(request, finder, settings)
    if (found === null) return null
    const { target, script } = found
    /** Bounded is also what is answered without a script. */
    const current: { run?: ScriptRun } = {}
    boundDelivery(request, settings, () => current.run?.touch())
    if (script.type === 'folder') return redirect(request, target, script.location)
    if (script.type === 'file') return answerWithFile(request, script, settings)
    // Where another listens to the body, too, it flows: what came before the script is there would be lost.
    if (request.body?.readableFlowing === true) request.body.pause()
    const lookedAt = performance.now()
    const framing = readFraming(request, settings.bodyLimit)
    const { authenticate, env } = settings
    let user: CgiUser | null | undefined
    let variables = typeof env === 'function' ? {} : env
    const consult = async (): Promise<void> => {
      user = authenticate && (await ask('authenticate', authenticate, request))
      if (typeof env === 'function') variables = await ask('env', env, request)
    }
    let environment: Record<string, string> | undefined
    const started = runs.start({
      script,
      request,
      args: argumentsOf(request.method, target, settings),
      consult: authenticate !== undefined || typeof env === 'function' ? consult : undefined,
      isSpooled: isSpooled(request, framing, settings),
      openBody: (signal) => openRequestBody({ body: request.body, signal }, framing, settings),
      environment: (body) => {
        if (performance.now() - lookedAt > FRESH) finder.recheck(script)
        environment = createMetaVariables({
          request,
          target,
          script,
          contentLength: body.length,
          user,
          env: variables ?? {},
          settings,
        })
        return environment
      },
    })
    const run = await started.catch((error: unknown) => {
      throw toSizeError(error, environment)
    })
    current.run = run
    return { type: 'call', request, script, run, settings }
  }

  async function handle(request: CgiRequest<Native>): Promise<CgiAnswer | null> {
    try {
      const opened = await open(request)
      return opened?.type === 'call' ? await read(opened) : opened
    } catch (error) {
      if (error instanceof CgiError) linkWarnings.tell(error, request, settings)
      // A client that is still sending may not listen before it is done.
      const code = error instanceof CgiError ? error.code : undefined
      if (code === undefined || !HEARD_AT_ONCE.has(code)) await drain(request.body)
      throw error
    }
  }

  function isKept(urlPath: string, mount: string): boolean {
    try {
      return finder.find(parseScriptPath(urlPath, mount, settings))?.type === 'script'
    } catch {
      return true
    }
  }

  const { prefix, logger, errorPage, isCaseBlind } = settings
  const stats = (): CgiStats => runs.stats()
  const close = (): Promise<void> => runs.close()
  const find = (urlPath: string, base?: string, at = prefix): string | null =>
    findMount(urlPath, at, { base, isCaseBlind })
  return { handle, prefix, findMount: find, isKept, logger, errorPage, stats, close }
}

/** A request whose script has started. */
interface OpenCall extends Call {
  readonly type: 'call'
}

async function read(call: OpenCall): Promise<CgiAnswer> {
  try {
    return await readAnswer(call)
  } catch (error) {
    if (error instanceof CgiError) await call.run.standardError.addTo(error)
    throw error
  }
}

/** Whatever the application has given is guarded. @throws {CgiError} CGI_ERR_INVALID_OPTION */
function createTransport<Native>(settings: Settings<Native>): Transport {
  const { transport, spawner, killTimeout } = settings
  if (transport !== undefined) return new GuardedTransport(transport, killTimeout, true)
  const processes = new ProcessTransport(settings)
  return typeof spawner === 'string'
    ? processes
    : new GuardedTransport(processes, killTimeout, false)
}

/**
 * Asks an option that is a function. The error that it throws is for the application's error handler; what
 * is no error would be something else there: nothing, or Express's next('route').
 */
async function ask<Native, Result>(
  option: string,
  given: (request: Native) => Result,
  { native }: CgiRequest<Native>,
): Promise<Awaited<Result>> {
  try {
    return await given(native)
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null) throw thrown
    const reason = `the option \`${option}\` threw ${String(thrown)}, which is not an Error`
    throw new CgiError('CGI_ERR_ENVIRONMENT', { reason, cause: thrown })
  }
}

/** Cuts a client off that does not take the answer. The script goes on or not, as when its client leaves. */
function boundDelivery<Native>(
  request: CgiRequest<Native>,
  settings: Settings<Native>,
  moved: () => void,
): void {
  const { minRate, bodyTimeout } = settings
  if (minRate === 0 && bodyTimeout === 0) return
  const cutOff = (reason: string): void => {
    const facts = { url: request.originalUrl, reason }
    loggerOf(request, settings).warn(
      facts,
      'the connection of a client that is too slow was closed',
    )
  }
  request.limitDelivery?.({ minRate, bodyTimeout, moved, cutOff })
}

/** Failures whose client has much to send still, or takes its time: it is answered first. */
const HEARD_AT_ONCE = new Set<CgiErrorCode>(['CGI_ERR_BODY_TOO_LARGE', 'CGI_ERR_CLIENT_TOO_SLOW'])

/** How long a look at the file system is as good as another, in milliseconds. */
const FRESH = 1

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
