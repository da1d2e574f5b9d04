import {
  CgiError,
  type ClientSignal,
  type RequestBody,
  type ScriptExit,
  type ScriptStreams,
} from '@common-gateway/core/transport'
import type { ConnectOptions } from '../connection/connect.js'
import type { Exchange, ExchangeCall, ExchangeEnd } from '../connection/exchange.js'
import { openExchange } from '../connection/open-exchange.js'
import { type Attempt, countAnswer, countFailure } from './attempt-end.js'
import type { MissingScriptWarning } from './missing-script.js'
import { type Placement, placeRequest } from './placement.js'
import { RelayedOutput } from './relayed-output.js'
import { type FailedEnd, isSentAgain, mayReuseConnection } from './retry-decision.js'
import { MOST_KEPT, SentBody } from './sent-body.js'
import type { Upstream } from './upstream.js'
import type { UpstreamGroup } from './upstream-group.js'
import { EXIT_AFTER_CONNECTION, LONGEST_WORKER_END, waitForAbort, within } from './worker-end.js'

/** What all requests of a gateway to a group have in common. Times are in milliseconds. */
export interface RunSettings {
  readonly protocol: 'fastcgi' | 'scgi'
  readonly retry: 'unsent' | 'safe'
  readonly connectTimeout: number
  /** 0: no limit. */
  readonly queueTimeout: number
  readonly killTimeout: number
  readonly missingScript: MissingScriptWarning
}

/** One request. */
export interface UpstreamCall {
  readonly environment: Readonly<Record<string, string>>
  readonly body: RequestBody
  readonly signal: ClientSignal | undefined
  /** How long it has waited for its slot, in milliseconds. */
  readonly queueTime: number
}

const UNKNOWN_EXIT: ScriptExit = { exitCode: null, signal: null }
/** Why an upstream has failed that is frozen, or behind a cut cable. */
const SILENT = 'it has not sent a byte of an answer within `headersTimeout`'

/** A request from its first connection to its end, perhaps on several connections one after another. */
export class UpstreamRun implements ScriptStreams {
  pid: number | undefined
  upstream: string | undefined
  readonly stdin: SentBody | null
  readonly stdout: RelayedOutput
  readonly stderr: RelayedOutput
  readonly exit: Promise<ScriptExit>
  readonly #group: UpstreamGroup
  readonly #settings: RunSettings
  readonly #call: UpstreamCall
  readonly #arrival: number
  /** Undefined while it has none, or has given its place back. */
  #placement: Placement | undefined
  #exchange: Exchange | undefined
  #retries = 0
  /** The upstream that has lost the request and may lose it again. */
  #lostBy: Upstream | undefined
  #hasBegun = false
  #isOver = false
  #isTerminated = false
  /** Ends a retry: the signal of the call follows the client only until the first `start()` has ended. */
  #retryEnd: AbortController | undefined
  /** Set while its slot is another's: see {@link UpstreamSlots.detach}. */
  #attach: (() => void) | undefined
  #resolveExit: (exit: ScriptExit) => void = () => {}

  constructor(group: UpstreamGroup, call: UpstreamCall, settings: RunSettings) {
    const { content } = call.body
    this.#group = group
    this.#call = call
    this.#settings = settings
    this.#arrival = performance.now() - call.queueTime
    this.stdin = content === null ? null : new SentBody()
    this.stdout = new RelayedOutput(() => this.#begin())
    this.stderr = new RelayedOutput((chunk) => {
      this.#begin()
      settings.missingScript.observe(chunk, call.environment)
    })
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve
    })
  }

  get #method(): string {
    return this.#call.environment['REQUEST_METHOD'] ?? 'GET'
  }

  /** Whether it may go on a connection that the application may have closed. */
  get #mayReuse(): boolean {
    if (this.#retries > 0 || !mayReuseConnection(this.#method)) return false
    const { content, length } = this.#call.body
    return content === null || (length !== undefined && length <= MOST_KEPT)
  }

  /** Sends the request. @throws {CgiError} if it could not be sent. */
  async start(): Promise<void> {
    const { connectTimeout, queueTimeout } = this.#settings
    const queueTime = this.#retries === 0 ? this.#call.queueTime : 0
    const call = {
      signal: this.#retryEnd?.signal ?? this.#call.signal,
      arrival: this.#arrival,
      queueTimeLeft: queueTimeout === 0 ? Number.POSITIVE_INFINITY : queueTimeout - queueTime,
      mayReuse: this.#mayReuse,
      connectTimeout,
      lostBy: this.#lostBy,
    }
    await placeRequest(this.#group, call, (...placed) => this.#send(...placed))
  }

  /** @param reason - why it is ended: an upstream that has not sent a byte within `headersTimeout` has failed. */
  async terminate(reason?: CgiError): Promise<void> {
    if (this.#isOver || this.#isTerminated) return
    this.#isTerminated = true
    this.#retryEnd?.abort()
    const ended = new Error('the request has been ended')
    this.stdout.cut(ended)
    this.stderr.cut(ended)
    const exchange = this.#exchange
    const placement = this.#placement
    if (exchange !== undefined && placement !== undefined) {
      const isSilent = reason?.code === 'CGI_ERR_HEADERS_TIMEOUT' && !exchange.hasAnswerBegun
      if (isSilent) this.#group.balancer.fail(placement.upstream, 'silent', new Error(SILENT))
      exchange.abort()
      await this.#endAborted(exchange, placement)
    }
    this.#finish(UNKNOWN_EXIT)
  }

  /** Waits for the end of a request that was aborted; a worker that goes on with it is killed. */
  async #endAborted(exchange: Exchange, { upstream, connection }: Placement): Promise<void> {
    const { worker } = upstream
    const { killTimeout } = this.#settings
    const end = await waitForAbort(exchange, worker, killTimeout)
    if (this.#isOver) return
    if (worker !== undefined && end?.type !== 'complete') {
      const { exit } = worker
      const longest = Math.min(killTimeout, LONGEST_WORKER_END)
      const killed = worker.kill(longest, 'its request was given up')
      // Another process takes the next request meanwhile.
      this.#leave()
      this.#attach = this.#group.slots.detach()
      await killed
      this.#finish((await within(exit, EXIT_AFTER_CONNECTION)) ?? UNKNOWN_EXIT)
    }
    connection.destroy()
  }

  /** Sends the request at once, unless it is held back. */
  #send(placement: Placement, options: ConnectOptions): Promise<void> | undefined {
    const exchange = this.#openExchange(placement)
    if (exchange.isHeldBack) return this.#sendLater(placement, exchange, options)
    this.#follow(placement, exchange)
    return undefined
  }

  async #sendLater(
    placement: Placement,
    exchange: Exchange,
    options: ConnectOptions,
  ): Promise<void> {
    await placement.upstream.handOver(exchange, options)
    if (this.#isOver || this.#isTerminated) {
      placement.connection.destroy()
      throw new CgiError('CGI_ERR_CLIENT_GONE')
    }
    this.#follow(placement, exchange)
  }

  #follow(placement: Placement, exchange: Exchange): void {
    const { upstream } = placement
    this.#placement = placement
    this.#exchange = exchange
    upstream.requests += 1
    this.upstream = upstream.name
    this.pid = upstream.worker?.pid
    this.stdout.readFrom(exchange.stdout)
    this.stderr.readFrom(exchange.stderr)
    if (exchange.stdin !== null) this.stdin?.writeTo(exchange.stdin)
    const attempt = { placement, exchange, pid: this.pid }
    void exchange.end.then((end) => this.#end(attempt, end))
  }

  #openExchange({ upstream, connection, isReused }: Placement): Exchange {
    const call: ExchangeCall = {
      environment: this.#call.environment,
      protocol: this.#settings.protocol,
      keepConnection: upstream.keepsConnections,
      hasBody: this.stdin !== null,
      isHeldBack: upstream.holdsBack(this.#method, { isReused, isAgain: this.#retries > 0 }),
    }
    try {
      if (this.#isOver || this.#isTerminated) throw new CgiError('CGI_ERR_CLIENT_GONE')
      return openExchange(connection, call)
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  /** The first byte of an answer: nothing is sent again after it. */
  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.stdin?.forget()
    if (this.#placement !== undefined) this.#group.balancer.answer(this.#placement.upstream)
  }

  #end(attempt: Attempt, end: ExchangeEnd): void {
    if (this.#isOver) return
    if (end.type === 'complete') {
      countAnswer(this.#group.balancer, attempt, end)
      this.#finish({ exitCode: end.appStatus, signal: null })
    } else if (!this.#isTerminated) void this.#recover(attempt, end)
  }

  /** The attempt has failed: the request is sent again, or fails. */
  async #recover(attempt: Attempt, end: FailedEnd): Promise<void> {
    this.stdin?.detach()
    const { outcome, error, exit } = await countFailure(this.#group.balancer, attempt, end)
    const { upstream, isReused } = attempt.placement
    const isAgain = isSentAgain({
      outcome,
      method: this.#method,
      isReused,
      hasKilledWorker: exit !== undefined && outcome !== 'unsent',
      canSendAgain: (this.stdin?.isWhole ?? true) && !this.#isTerminated && !this.#isOver,
      retries: this.#retries,
      retry: this.#settings.retry,
    })
    if (!isAgain) {
      this.#fail(error, exit)
      return
    }
    this.#retries += 1
    upstream.retries += 1
    // What has closed a kept connection, or a worker, makes place for a new process.
    const isReplaced = isReused || upstream.worker !== undefined
    if (outcome === 'unanswered' && !isReplaced) this.#lostBy = upstream
    this.#leave()
    this.#exchange = undefined
    this.#retryEnd = new AbortController()
    try {
      await this.start()
    } catch (startError) {
      this.#fail(startError instanceof CgiError ? startError : error, undefined)
    }
  }

  #fail(error: CgiError, exit: ScriptExit | undefined): void {
    if (this.#isOver) return
    this.stdout.finish(error)
    this.#finish(exit ?? UNKNOWN_EXIT)
  }

  #finish(exit: ScriptExit): void {
    if (this.#isOver) return
    this.#isOver = true
    this.stdin?.discard()
    this.stdout.finish(undefined)
    this.stderr.finish(undefined)
    this.#attach?.()
    this.#leave()
    this.#resolveExit(exit)
  }

  /** Gives the place back. */
  #leave(): void {
    const { upstream } = this.#placement ?? {}
    this.#placement = undefined
    if (upstream === undefined) return
    this.#group.leave(upstream, this.#exchange?.hasAnswerBegun === true)
  }
}
