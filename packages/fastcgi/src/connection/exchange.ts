import type { Output } from '@common-gateway/core/transport'
import { untilAcknowledged } from './acknowledgement.js'
import type { ConnectOptions } from './connect.js'
import type { Connection, ConnectionUser } from './connection.js'
import { codedError, toAbortError } from './connection-error.js'
import { ExchangeOutput, type OutputSource } from './exchange-output.js'
import type { RequestInput, SocketInput } from './request-input.js'

/** One request, as it is sent to an application. */
export interface ExchangeCall {
  /** Values are byte strings: one character for each byte. */
  readonly environment: Readonly<Record<string, string>>
  readonly protocol: 'fastcgi' | 'scgi'
  /** Whether the connection is to be used again. */
  readonly keepConnection: boolean
  /** `false`: standard input is ended at once, in the same write as the variables. */
  readonly hasBody: boolean
  /** Whether the end of the variables waits for {@link Exchange.handOver}. Default: `false`. */
  readonly isHeldBack?: boolean
}

/** How an exchange has ended. */
export type ExchangeEnd =
  | {
      readonly type: 'complete'
      readonly appStatus: number
      /** `true`: the connection is idle now. Else it has been closed. */
      readonly isReusable: boolean
    }
  /** END_REQUEST with another protocolStatus than REQUEST_COMPLETE; the connection has been closed. */
  | { readonly type: 'rejected'; readonly protocolStatus: number }
  /** The connection was closed before the end of the answer, by the application or by {@link Exchange.abort}. */
  | { readonly type: 'lost'; readonly error: Error | undefined }
  /** The application has sent something else than the protocol; the connection has been closed. */
  | { readonly type: 'fault'; readonly reason: string }

/** One request and its answer. Its outputs start paused; the connection is read from the beginning. */
export interface Exchange {
  /** Null without a body. */
  readonly stdin: RequestInput | null
  /** Ends after {@link Exchange.end} has resolved with 'complete', and fails after any other end. */
  readonly stdout: Output
  /** As `stdout`. */
  readonly stderr: Output
  /** Whether a byte of standard output or standard error has come. */
  readonly hasAnswerBegun: boolean
  /** Whether the end of the variables waits for {@link handOver}. */
  readonly isHeldBack: boolean
  /** `false`: the application cannot have begun, since the system has not taken the whole head of the request. */
  readonly isSent: boolean
  /** Never rejects. */
  readonly end: Promise<ExchangeEnd>
  /**
   * Sends the end of the variables that was held back, when the peer has taken what comes before it: an application
   * cannot begin a request without it. Until then, nothing may be written to `stdin`. Resolves also where the
   * application rejects the request before it is whole.
   *
   * @throws {Error} of the system, where the connection is lost; with the code `ETIMEDOUT` after `timeout`, and `ABORT_ERR`
   *   after `signal`. The application cannot have begun.
   */
  handOver(options: ConnectOptions): Promise<void>
  /**
   * Asks the application to end the request. A connection that is to be used again stays open until the application has
   * ended it, and is closed then; any other is closed at once.
   */
  abort(): void
}

/** What both protocols have in common. */
export abstract class ConnectionExchange implements Exchange, ConnectionUser, OutputSource {
  readonly stdout: ExchangeOutput
  readonly stderr: ExchangeOutput
  readonly end: Promise<ExchangeEnd>
  abstract readonly stdin: SocketInput | null
  protected readonly connection: Connection
  protected readonly keepConnection: boolean
  protected isAborted = false
  #hasAnswerBegun = false
  #hasEnded = false
  /** The end of the variables, as long as it is not written. */
  #heldBack: Buffer | undefined
  #resolveEnd: (end: ExchangeEnd) => void = () => {}

  constructor(connection: Connection, { keepConnection }: ExchangeCall) {
    this.connection = connection
    this.keepConnection = keepConnection
    this.stdout = new ExchangeOutput(this)
    this.stderr = new ExchangeOutput(this)
    this.end = new Promise((resolve) => {
      this.#resolveEnd = resolve
    })
  }

  get hasAnswerBegun(): boolean {
    return this.#hasAnswerBegun
  }

  get isHeldBack(): boolean {
    return this.#heldBack !== undefined
  }

  get isSent(): boolean {
    return !this.isHeldBack && this.connection.socket.hasSent
  }

  async handOver({ timeout, signal }: ConnectOptions): Promise<void> {
    const heldBack = this.#heldBack
    if (heldBack === undefined) return
    const { socket } = this.connection
    const isGivenUp = (): boolean => this.isAborted || signal?.aborted === true
    const isTaken = await untilAcknowledged(socket, {
      deadline: performance.now() + (timeout || Number.POSITIVE_INFINITY),
      isOver: () => this.#hasEnded || socket.destroyed || isGivenUp(),
    })
    if (isTaken) this.connection.write(heldBack)
    // A Unix socket that is closed has nothing unread either, but takes nothing more.
    if (isTaken && socket.writeError === undefined) {
      this.#heldBack = undefined
      return
    }
    if (isGivenUp()) this.finish({ type: 'lost', error: toAbortError() })
    else if (!socket.destroyed) {
      const late = codedError('ETIMEDOUT', `the request was not taken within ${timeout} ms`)
      this.finish({ type: 'lost', error: socket.writeError ?? late })
    }
    const end = await this.end
    if (end.type === 'lost' && !this.#hasAnswerBegun) throw toError(end)
  }

  taken(): void {
    const isPending = this.stdout.isPending || this.stderr.isPending
    if (!isPending && !this.#hasEnded) this.connection.resume()
  }

  abstract read(chunk: Buffer): void
  abstract closed(error: Error | undefined): void
  /** Tells the application that nothing waits for its answer. */
  protected abstract sendAbort(): void

  abort(): void {
    if (this.#hasEnded || this.isAborted) return
    this.isAborted = true
    this.stdin?.discard()
    this.stdout.destroy()
    this.stderr.destroy()
    this.sendAbort()
    if (!this.keepConnection) this.finish({ type: 'lost', error: undefined })
  }

  /**
   * Starts the request.
   *
   * @param head - up to the body.
   * @param endSize - how many of its last bytes an application needs before it can begin.
   */
  protected sendHead(head: Buffer, endSize: number, { isHeldBack = false }: ExchangeCall): void {
    const { connection } = this
    connection.use(this)
    if (isHeldBack) this.#heldBack = head.subarray(-endSize)
    connection.write(isHeldBack ? head.subarray(0, -endSize) : head)
  }

  /** @param part - in the memory of the connection. */
  protected pass(part: Buffer, output: ExchangeOutput): void {
    this.#hasAnswerBegun = true
    if (this.#hasEnded || output.isOver) return
    output.push(output === this.stdout ? this.connection.keep(part) : Buffer.from(part))
    if (output.isPending) this.connection.pause()
  }

  protected finish(end: ExchangeEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.stdin?.discard()
    if (end.type === 'complete' && end.isReusable) this.connection.release()
    else this.connection.destroy()
    this.#resolveEnd(end)
    // After the callbacks of `end`.
    queueMicrotask(() => {
      const error = end.type === 'complete' ? undefined : toError(end)
      this.stdout.finish(error)
      this.stderr.finish(error)
    })
  }
}

function toError(end: Exclude<ExchangeEnd, { type: 'complete' }>): Error {
  if (end.type === 'rejected') return new Error(`protocolStatus ${end.protocolStatus}`)
  if (end.type === 'fault') return new Error(`no FastCGI: ${end.reason}`)
  return end.error ?? new Error('the connection was closed before the end of the answer')
}
