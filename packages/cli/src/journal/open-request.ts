import type { CgiRun } from '@common-gateway/fastify'
import path from 'node:path'
import type { RequestRecord } from './request-record.js'

/** Who hears how a request goes on. */
export interface RecordListener {
  change(): void
  line(line: string): void
  end(): void
}

/** What a record begins with, as far as it is known. */
export interface RequestFacts {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** The client's address. */
  readonly client?: string | undefined
}

/** How many lines of standard error are kept, and how many characters of them. */
const MOST_LINES = 500
const MOST_CHARACTERS = 64 * 1024

/** A record that is still written. */
export class OpenRequest implements RequestRecord {
  readonly id: number
  readonly startTime = Date.now()
  readonly method: string
  readonly url: string
  readonly client: string
  script: string | undefined
  status: number | undefined
  headerTime: number | undefined
  duration: number | undefined
  error: string | undefined
  unloggedBytes = 0

  readonly #start = performance.now()
  readonly #listener: RecordListener
  readonly #runs: CgiRun[] = []
  readonly #lines: string[] = []
  #characters = 0
  #forgottenBytes = 0
  /** What has not ended: the response, each script, the standard error of each. */
  #openParts = 1
  #contentLength = 0
  #isWaiting = false
  #isCutOff = false

  constructor(id: number, request: RequestFacts, listener: RecordListener) {
    this.id = id
    // Kept from before a script's local redirect, which makes another request of this one.
    this.method = request.method ?? '-'
    this.url = request.url ?? '-'
    this.client = request.client ?? '-'
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
    // A signal of the gateway's own would look as if somebody had killed the script.
    const isStopped = run?.error !== undefined && run.error.code !== 'CGI_ERR_KILLED'
    return isStopped ? null : run?.signal
  }

  get standardError(): readonly string[] {
    return this.#lines
  }

  get droppedBytes(): number {
    return this.unloggedBytes + this.#forgottenBytes
  }

  get isAborted(): boolean {
    return this.#isCutOff && this.error === undefined
  }

  /** Whether a script writes past its response (RFC 3875 section 5), which has no content then. */
  get #isNonParsed(): boolean {
    return path.basename(this.script ?? '').startsWith('nph-') && this.#contentLength === 0
  }

  /** It has to wait for a slot. */
  wait(script: string): void {
    this.script = script
    this.#isWaiting = true
    this.#listener.change()
  }

  /** A script has been started for it. */
  begin(run: CgiRun): void {
    // Its client went while it was being started.
    if (this.#openParts === 0) return
    this.#isWaiting = false
    this.script = run.script
    this.#runs.push(run)
    this.#openParts += 2
    void run.standardErrorEnd.then(() => this.#endPart())
    this.#listener.change()
  }

  /** A script has ended, and its output has. */
  finish(run: CgiRun): void {
    if (this.#runs.includes(run)) this.#endPart()
  }

  /** The header of the response is out. */
  sendHeader(status: number): void {
    this.status = status
    this.headerTime = performance.now() - this.#start
    this.#listener.change()
  }

  /** So many more bytes of content are. */
  sendContent(bytes: number): void {
    this.#contentLength += bytes
  }

  /** The response has ended; `isWhole`: with all that was to be sent. */
  close(isWhole: boolean): void {
    this.duration = performance.now() - this.#start
    this.#isCutOff = !isWhole
    this.#endPart()
  }

  /** Something has gone wrong. The first that is told is what the rest follows from. */
  fail(message: string, script?: string): void {
    this.error ??= message
    this.script ??= script
    this.#listener.change()
  }

  /** A script has written a line to its standard error. */
  writeLine(line: string): void {
    this.#lines.push(line)
    this.#characters += line.length
    while (this.#lines.length > MOST_LINES || this.#characters > MOST_CHARACTERS) {
      const dropped = this.#lines.shift() ?? ''
      this.#characters -= dropped.length
      this.#forgottenBytes += Buffer.byteLength(dropped)
    }
    this.#listener.line(line)
    this.#listener.change()
  }

  /** So much of standard error came too fast for the log. */
  drop(bytes: number): void {
    this.unloggedBytes += bytes
  }

  #endPart(): void {
    this.#openParts -= 1
    if (this.#openParts === 0) this.#listener.end()
    else this.#listener.change()
  }
}
