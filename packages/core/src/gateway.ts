import { drain } from './data/drain.js'
import { CgiError, type CgiErrorCode } from './data/cgi-error.js'
import { checkFallback } from './script/fallback-check.js'
import { limitDelivery } from './response/delivery-limits.js'
import { answerWithFile } from './response/file-answer.js'
import { loadFileSender } from './response/file-sender.js'
import { answerWithRedirect } from './response/folder-answer.js'
import { LinkWarnings } from './script/link-warnings.js'
import type { CgiLogger } from './data/logger.js'
import type { CgiRequest } from './data/message.js'
import { argumentsOf } from './environment/command-line.js'
import { createMetaVariables } from './environment/meta-variables.js'
import { findMount } from './request/mount.js'
import type { RequestTarget } from './request/target.js'
import { callOption } from './options/option-call.js'
import type { CgiOptions, CgiUser } from './options/options.js'
import { ProcessTransport } from './process/process-transport.js'
import { GuardedTransport } from './transport/guarded-transport.js'
import type { Transport } from './transport/transport.js'
import type { WarmStats } from './transport/warm-stats.js'
import { readFraming } from './body/framing.js'
import { isSpooled, openRequestBody } from './body/request-body.js'
import type { CgiStats } from './run/diagnostics.js'
import { type Call, type CgiAnswer, readAnswer } from './response/answer.js'
import type { Script } from './script/finder.js'
import { chooseFinder } from './script/finder-choice.js'
import { parseScriptPath } from './script/script-path.js'
import { lookUpScript } from './script/lookup.js'
import type { ScriptRun } from './run/run.js'
import { ScriptRuns } from './run/runs.js'
import { createSettings, type Settings } from './options/settings.js'
import { checkRequestSize } from './environment/request-size.js'
import { toSizeError } from './environment/variable-size.js'

/** The gateway, independent of any framework. */
export interface CgiHandler<Native = unknown> {
  /**
   * Runs the script of a request and returns its answer. Null: there is no such script, and the caller sends
   * its own 404.
   *
   * @throws {CgiError} if there is no answer; its `statusCode` is that of the response to send. If
   *   `request.signal` is aborted, the client has disconnected and gets no response.
   */
  handle(request: CgiRequest<Native>): Promise<CgiAnswer | null>
  /** The URL path of the scripts when the framework has not mounted the gateway: `options.prefix`. */
  readonly prefix: string
  /**
   * Finds the part of a path that the gateway is mounted at, for a framework that has not mounted it: see
   * {@link findMount}.
   *
   * @param base - the beginning of the path that the framework has matched already.
   * @param at - the path of the gateway below that. Default: `options.prefix`.
   */
  findMount(path: string, base?: string, at?: string): string | null
  /**
   * Whether a path names a script or a file that is withheld: only this gateway may answer for it.
   *
   * @param path - without a query.
   * @param mount - the part of it that the gateway is mounted at: the result of {@link findMount}.
   */
  isKept(path: string, mount: string): boolean
  /** Logs the failures that the framework does not log itself: `options.logger`. */
  readonly logger: CgiLogger
  /** Returns the counts of running scripts, waiting requests and past runs. */
  stats(): CgiStats
  /** Whether {@link createErrorPage} explains a failure to the client: `options.errorPage`. */
  readonly errorPage: boolean
  /**
   * Starts no more scripts (503), and stops those that still run after `closeTimeout`. Resolves when all of them
   * have ended.
   */
  close(): Promise<void>
}

/**
 * Creates a gateway.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createCgiHandler<Native = unknown>(
  options: CgiOptions<Native> = {},
): CgiHandler<Native> {
  const settings = createSettings(options)
  checkFallback(settings)
  const finder = chooseFinder(settings)
  const { transport, warmStats } = createTransport(settings)
  const runs = new ScriptRuns(settings, transport)
  const linkWarnings = new LinkWarnings()
  if (settings.otherFiles !== 'deny' || settings.sendfileRoots.length > 0) {
    // With Node.js 20, an import that has found no free descriptor fails for ever. The request tells of a failure.
    loadFileSender().catch(() => {})
  }

  /** Looks a script up and starts it; returns the answer itself if it takes no script. */
  async function open(request: CgiRequest<Native>): Promise<OpenCall | CgiAnswer | null> {
    if (request.areHeadersCut === true) {
      // Without the length of its body, the end of the request, and the next request, cannot be found.
      throw new CgiError('CGI_ERR_HEADERS_CUT', { headers: { connection: 'close' } })
    }
    const found = lookUpScript(request, finder, settings)
    if (found === null) return null
    const { target, script } = found
    // The limits also apply to answers without a script.
    const current: { run?: ScriptRun } = {}
    limitDelivery(request, settings, () => current.run?.touch())
    if (script.type === 'folder') return answerWithRedirect(request, target, script)
    if (script.type === 'file') return answerWithFile(request, script, settings)
    checkRequestSize(request, target, settings)
    const run = await start(request, target, script)
    current.run = run
    return { type: 'call', request, script, run, settings }
  }

  /** Apart from {@link open}: what its closures refer to is not needed any more when the script runs. */
  function start(
    request: CgiRequest<Native>,
    target: RequestTarget,
    script: Script,
  ): Promise<ScriptRun> {
    // The body flows if another part of the application reads it, too; bytes from before the start would be lost.
    if (request.body?.readableFlowing === true) request.body.pause()
    const foundAt = performance.now()
    const framing = readFraming(request, settings.bodyLimit)
    const { authenticate, env } = settings
    let user: CgiUser | null | undefined
    let variables = typeof env === 'function' ? {} : env
    const consult = async (): Promise<void> => {
      user = authenticate && (await callOption('authenticate', authenticate, request))
      if (typeof env === 'function') variables = await callOption('env', env, request)
    }
    let environment: Readonly<Record<string, string>> | undefined
    const started = runs.start({
      script,
      request,
      args: argumentsOf(request.method, target, script, settings),
      consult: authenticate !== undefined || typeof env === 'function' ? consult : undefined,
      isSpooled: isSpooled(request, framing, settings),
      openBody: (signal) => openRequestBody({ body: request.body, signal }, framing, settings),
      environment: (body) => {
        if (performance.now() - foundAt > RECHECK_DELAY) finder.recheck(script)
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
    return started.catch((error: unknown) => {
      throw toSizeError(error, environment)
    })
  }

  async function handle(request: CgiRequest<Native>): Promise<CgiAnswer | null> {
    try {
      const opened = await open(request)
      return opened?.type === 'call' ? await read(opened) : opened
    } catch (error) {
      if (error instanceof CgiError) linkWarnings.log(error, request, settings)
      // Some clients do not read a response before they have sent the whole body.
      const code = error instanceof CgiError ? error.code : undefined
      if (code === undefined || !ANSWERED_AT_ONCE.has(code)) await drain(request.body)
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
  const stats = (): CgiStats => {
    const warm = warmStats()
    return { ...runs.stats(), ...(warm !== undefined && { warm }) }
  }
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

/** The transport of scripts that have no other. */
interface MainTransport {
  readonly transport: Transport
  /** The fork servers of its spawner; undefined without any. */
  readonly warmStats: () => WarmStats | undefined
}

/** @throws {CgiError} CGI_ERR_INVALID_OPTION */
function createTransport<Native>(settings: Settings<Native>): MainTransport {
  const { transport, spawner, killTimeout } = settings
  if (transport !== undefined) return { transport, warmStats: () => undefined }
  const processes = new ProcessTransport(settings)
  return {
    transport:
      typeof spawner === 'string' ? processes : new GuardedTransport(processes, killTimeout, false),
    warmStats: () => processes.warmStats(),
  }
}

/** Failures that are answered at once, since the client has much to send still, or is slow. */
const ANSWERED_AT_ONCE = new Set<CgiErrorCode>([
  'CGI_ERR_BODY_TOO_LARGE',
  'CGI_ERR_CLIENT_TOO_SLOW',
])

/** A start this soon after the look-up needs no second check of the script, in milliseconds. */
const RECHECK_DELAY = 1
