import type { CgiRun } from '@common-gateway/fastify'
import path from 'node:path'
import type { RequestRecord } from './request-record.js'
import { StandardErrorLines } from './standard-error-lines.js'

/** Callbacks for changes of a record. */
export interface RecordListener {
  change(): void
  line(line: string): void
  end(): void
}

/** The facts at the start of a record, as far as they are known. */
export interface RequestFacts {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** The client's address. */
  readonly client?: string | undefined
  readonly isForPage?: boolean
}

/** The record of a request that has not ended. */
export class OpenRequest implements RequestRecord {
  readonly id: number
  readonly startTime = Date.now()
  readonly method: string
  readonly url: string
  readonly client: string
  readonly isForPage: boolean
  script: string | undefined
  status: number | undefined
  headerTime: number | undefined
  duration: number | undefined
  error: string | undefined

  readonly #start = performance.now()
  readonly #listener: RecordListener
  readonly #runs: CgiRun[] = []
  readonly #standardError = new StandardErrorLines()
  /** Counts the response, every script and its standard error until they end. */
  #openParts = 1
  #contentLength = 0
  #isWaiting = false
  #isCutOff = false

  constructor(id: number, request: RequestFacts, listener: RecordListener) {
    this.id = id
    // Copied: a local redirect changes the method and the URL of the request.
    this.method = request.method ?? '-'
    this.url = request.url ?? '-'
    this.client = request.client ?? '-'
    this.isForPage = request.isForPage ?? false
    this.#listener = listener
  }

  get isScript(): boolean {
    return this.script !== undefined
  }

  get isWaiting(): boolean {
    return this.#isWaiting && this.duration === undefined
  }

  get pid(): number | undefined {
    return this.#runs.at(-1)?.pid
  }

  get upstream(): string | undefined {
    return this.#runs.at(-1)?.upstream
  }

  get queueTime(): number | undefined {
    return this.#runs.at(-1)?.queueTime
  }

  get bytesIn(): number {
    return this.#runs.reduce((sum, run) => sum + run.bytesIn, 0)
  }

  get bytesOut(): number {
    return this.#isNonParsed ? (this.#runs.at(-1)?.bytesOut ?? 0) : this.#contentLength
  }

  get exitCode(): number | null | undefined {
    return this.#runs.at(-1)?.exitCode
  }

  get signal(): string | null | undefined {
    const run = this.#runs.at(-1)
    // A signal of the gateway is not reported: it would look like a kill from outside.
    const isStopped = run?.error !== undefined && run.error.code !== 'CGI_ERR_KILLED'
    return isStopped ? null : run?.signal
  }

  get standardError(): readonly string[] {
    return this.#standardError.lines
  }

  get unloggedBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.droppedBytes, 0)
  }

  get droppedBytes(): number {
    return this.unloggedBytes + this.#standardError.droppedBytes
  }

  get isAborted(): boolean {
    return this.#isCutOff && this.error === undefined
  }

  /** Whether an nph- script writes to the connection itself (RFC 3875 section 5). */
  get #isNonParsed(): boolean {
    return path.basename(this.script ?? '').startsWith('nph-') && this.#contentLength === 0
  }

  /** The request waits for a slot. */
  wait(script: string): void {
    this.script = script
    this.#isWaiting = true
    this.#listener.change()
  }

  /** A script has started for the request. */
  begin(run: CgiRun): void {
    // The client disconnected before the script started.
    if (this.#openParts === 0) return
    this.#isWaiting = false
    this.script = run.script
    this.#runs.push(run)
    this.#openParts += 2
    void run.standardErrorEnd.then(() => this.#endPart())
    this.#listener.change()
  }

  /** A script and its output have ended. */
  finish(run: CgiRun): void {
    if (this.#runs.includes(run)) this.#endPart()
  }

  /** The header of the response is sent. */
  sendHeader(status: number): void {
    this.status = status
    this.headerTime = performance.now() - this.#start
    this.#listener.change()
  }

  /** More content is sent. */
  sendContent(bytes: number): void {
    this.#contentLength += bytes
  }

  /** The response has ended. @param isWhole - whether all of it was sent. */
  close(isWhole: boolean): void {
    this.duration = performance.now() - this.#start
    this.#isCutOff = !isWhole
    this.#endPart()
  }

  /** Records an error. Only the first one is kept: later errors follow from it. */
  fail(message: string, script?: string): void {
    this.error ??= message
    this.script ??= script
    this.#listener.change()
  }

  /** A script has written a line to its standard error. */
  writeLine(line: string): void {
    this.#standardError.add(line)
    this.#listener.line(line)
    this.#listener.change()
  }

  #endPart(): void {
    this.#openParts -= 1
    if (this.#openParts === 0) this.#listener.end()
    else this.#listener.change()
  }
}
