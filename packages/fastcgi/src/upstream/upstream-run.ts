import {
  CgiError,
  type ClientSignal,
  type RequestBody,
  type ScriptExit,
  type ScriptStreams,
} from '@common-gateway/core/transport'
import type { Connection } from '../connection/connection.js'
import type { Exchange, ExchangeCall, ExchangeEnd } from '../connection/exchange.js'
import { openExchange } from '../connection/open-exchange.js'
import { CANT_MPX_CONN, OVERLOADED } from '../protocol/record.js'
import { isScriptMissing } from './missing-script.js'
import { RelayedOutput } from './relayed-output.js'
import { isSentAgain, mayReuseConnection, type Outcome } from './retry-decision.js'
import { MOST_KEPT, SentBody } from './sent-body.js'
import type { OpenedConnection, Upstream } from './upstream.js'
import { toConnectError } from './upstream-error.js'
import { toExchangeError } from './exchange-error.js'
import type { UpstreamGroup } from './upstream-group.js'
import { EXIT_AFTER_CONNECTION, LONGEST_WORKER_END, waitForAbort, within } from './worker-end.js'

/** What all requests to a group have in common. */
export interface RunSettings {
  readonly protocol: 'fastcgi' | 'scgi'
  readonly retry: 'unsent' | 'idempotent'
  readonly connectTimeout: number
  readonly killTimeout: number
}

/** One request. */
export interface UpstreamCall {
  readonly environment: Readonly<Record<string, string>>
  readonly body: RequestBody
  readonly signal: ClientSignal | undefined
}

const UNKNOWN_EXIT: ScriptExit = { exitCode: null, signal: null }

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
  /** Whether it may go on a connection that the application may have closed. */
  readonly #mayReuse: boolean
  #place: Upstream | undefined
  #connection: Connection | undefined
  #exchange: Exchange | undefined
  #isReused = false
  #retries = 0
  #hasBegun = false
  #isOver = false
  #isTerminated = false
  #signal: ClientSignal | undefined
  /** Ends a retry: the signal of the call follows the client only until the first `start()` has ended. */
  #retryEnd: AbortController | undefined
  #resolveExit: (exit: ScriptExit) => void = () => {}

  constructor(group: UpstreamGroup, call: UpstreamCall, settings: RunSettings) {
    const { content, length } = call.body
    this.#group = group
    this.#call = call
    this.#settings = settings
    this.#signal = call.signal
    const isSmall = content === null || (length !== undefined && length <= MOST_KEPT)
    this.#mayReuse = isSmall && mayReuseConnection(this.#method)
    this.stdin = content === null ? null : new SentBody()
    this.stdout = new RelayedOutput(() => this.#begin())
    this.stderr = new RelayedOutput((chunk) => {
      this.#begin()
      if (isScriptMissing(chunk)) this.#group.warnOfMissingScript(this.#call.environment)
    })
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve
    })
  }

  get #method(): string {
    return this.#call.environment['REQUEST_METHOD'] ?? 'GET'
  }

  /**
   * Sends the request.
   *
   * @throws {CgiError} if it could not be sent.
   */
  async start(): Promise<void> {
    const signal = this.#signal
    const { connectTimeout } = this.#settings
    const start = performance.now()
    const patience = connectTimeout || Number.POSITIVE_INFINITY
    let deadline = start + patience
    let timeout = connectTimeout
    let failed: { upstream: Upstream; error: unknown } | undefined
    for (;;) {
      const upstream = await this.#group.enter({ signal, start, deadline, failed })
      this.#place = upstream
      const attempt = performance.now()
      try {
        const mayReuse = this.#mayReuse && this.#retries === 0
        this.#send(upstream, await upstream.open({ mayReuse, timeout, signal }))
        return
      } catch (error) {
        failed = { upstream, error }
        const isFull = upstream.isFull(error, attempt)
        if (isFull) upstream.limitToBusy()
        else this.#countFailure(upstream, error)
        this.#leave()
        const isLast = attempt >= deadline && !isFull
        if (isLast || !this.#isConnectionTriedAgain(error)) throw toStartError(upstream, error)
        if (isFull) deadline = performance.now() + patience
        else timeout = connectTimeout / 2
      }
    }
  }

  async terminate(): Promise<void> {
    if (this.#isOver || this.#isTerminated) return
    this.#isTerminated = true
    this.#retryEnd?.abort()
    const ended = new Error('the request has been ended')
    this.stdout.cut(ended)
    this.stderr.cut(ended)
    const upstream = this.#place
    const { killTimeout } = this.#settings
    this.#exchange?.abort()
    if (upstream !== undefined) {
      const end = await waitForAbort(this.#exchange, upstream.worker, killTimeout)
      if (this.#isOver) return
      if (upstream.worker !== undefined && end?.type !== 'complete') {
        const { exit } = upstream.worker
        await upstream.worker.kill(Math.min(killTimeout, LONGEST_WORKER_END))
        this.#finish((await within(exit, EXIT_AFTER_CONNECTION)) ?? UNKNOWN_EXIT)
      }
    }
    this.#connection?.destroy()
    this.#finish(UNKNOWN_EXIT)
  }

  #send(upstream: Upstream, { connection, isReused }: OpenedConnection): void {
    if (this.#isOver || this.#isTerminated) {
      connection.destroy()
      throw new CgiError('CGI_ERR_CLIENT_GONE')
    }
    const call: ExchangeCall = {
      environment: this.#call.environment,
      protocol: this.#settings.protocol,
      keepConnection: upstream.keepsConnections,
      hasBody: this.stdin !== null,
    }
    try {
      this.#exchange = openExchange(connection, call)
    } catch (error) {
      connection.destroy()
      throw error
    }
    const exchange = this.#exchange
    this.#connection = connection
    this.#isReused = isReused
    upstream.requests += 1
    this.upstream = upstream.name
    this.pid = upstream.worker?.pid
    this.stdout.readFrom(exchange.stdout)
    this.stderr.readFrom(exchange.stderr)
    if (exchange.stdin !== null) this.stdin?.writeTo(exchange.stdin)
    void exchange.end.then((end) => this.#end(upstream, end))
  }

  /** The first byte of an answer: nothing is sent again after it. */
  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.stdin?.forget()
    if (this.#place !== undefined) this.#group.answer(this.#place)
  }

  #end(upstream: Upstream, end: ExchangeEnd): void {
    if (this.#isOver) return
    if (end.type === 'complete') {
      // One that ends each request at once would draw all of them.
      if (this.#exchange?.hasAnswerBegun) this.#group.succeed(upstream)
      else this.#group.fail(upstream, 'lost', new Error('it has ended a request without an answer'))
      if (end.isReusable && this.#connection !== undefined) upstream.idle.add(this.#connection)
      this.#finish({ exitCode: end.appStatus, signal: null })
    } else if (!this.#isTerminated) void this.#recover(upstream, end)
  }

  /** The attempt has failed: the request is sent again, or fails. */
  async #recover(
    upstream: Upstream,
    end: Exclude<ExchangeEnd, { type: 'complete' }>,
  ): Promise<void> {
    this.stdin?.detach()
    const hasBegun = this.#exchange?.hasAnswerBegun === true
    // The system resets a connection that is closed with bytes that were not read.
    if (end.type === 'lost' && (hasBegun || end.error === undefined)) upstream.worker?.taken()
    const exit =
      upstream.worker && end.type === 'lost'
        ? await within(upstream.worker.exit, EXIT_AFTER_CONNECTION)
        : undefined
    const error = toExchangeError(upstream, end, { hasBegun, pid: this.pid, exit })
    const isUnsent = end.type === 'lost' && this.#exchange?.isSent === false
    const isAccident = this.#isReused && end.type === 'lost' && !hasBegun
    if (end.type === 'rejected' && end.protocolStatus === OVERLOADED) upstream.limitToBusy()
    else if (!isAccident) {
      this.#group.fail(upstream, end.type === 'lost' ? 'lost' : 'protocol', error)
    }
    const canSendAgain = (this.stdin?.isWhole ?? true) && !this.#isTerminated && !this.#isOver
    const isAgain = isSentAgain({
      outcome: this.#outcomeOf(end),
      method: this.#method,
      isReused: this.#isReused,
      hasKilledWorker: exit !== undefined && !isUnsent,
      canSendAgain,
      retries: this.#retries,
      retry: this.#settings.retry,
    })
    if (!isAgain) {
      this.#fail(error, exit)
      return
    }
    this.#retries += 1
    upstream.retries += 1
    this.#leave()
    this.#exchange = undefined
    this.#connection = undefined
    this.#retryEnd = new AbortController()
    this.#signal = this.#retryEnd.signal
    try {
      await this.start()
    } catch (startError) {
      this.#fail(startError instanceof CgiError ? startError : error, undefined)
    }
  }

  #outcomeOf(end: Exclude<ExchangeEnd, { type: 'complete' }>): Outcome {
    if (this.#exchange?.hasAnswerBegun || end.type === 'fault') return 'failed'
    if (end.type === 'rejected') {
      const isRefused = end.protocolStatus === OVERLOADED || end.protocolStatus === CANT_MPX_CONN
      return isRefused ? 'refused' : 'failed'
    }
    return this.#exchange?.isSent === false ? 'unsent' : 'unanswered'
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
    this.#leave()
    this.#resolveExit(exit)
  }

  #leave(): void {
    const upstream = this.#place
    if (upstream === undefined) return
    this.#place = undefined
    upstream.worker?.finished(this.#exchange?.hasAnswerBegun === true)
    this.#group.leave(upstream)
  }

  #countFailure(upstream: Upstream, error: unknown): void {
    // A variable that is too large, or a client that has left, is no failure of the upstream.
    const isRequests = error instanceof CgiError && error.statusCode < 500
    if (isRequests || this.#signal?.aborted) return
    this.#group.fail(upstream, 'unreachable', error)
  }

  /** Nothing has been sent: it costs nothing to try the next upstream, or this one when it is up again. */
  #isConnectionTriedAgain(error: unknown): boolean {
    if (this.#signal?.aborted || this.#isTerminated) return false
    return !(error instanceof CgiError)
  }
}

function toStartError(upstream: Upstream, error: unknown): CgiError {
  return error instanceof CgiError
    ? error.add({ upstream: upstream.name })
    : toConnectError(upstream, error)
}
