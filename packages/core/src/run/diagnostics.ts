import { channel } from 'node:diagnostics_channel'
import type { CgiError, CgiErrorCode } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'
import type { ScriptRun } from './run.js'

/**
 * One run of a script: the message of the channels `common-gateway:run:start` and
 * `common-gateway:run:end` of `node:diagnostics_channel`, the same object in both. What is not known
 * yet is undefined. Times are in milliseconds.
 */
export interface CgiRun {
  /** Absolute path of the script. */
  readonly script: string
  /** The script's process. */
  readonly pid: number | undefined
  /** The request that it answers. */
  readonly request: CgiRequest
  /** When the script was started, in milliseconds since 1970. */
  readonly startTime: number
  /** How long the request waited for a slot. */
  readonly queueTime: number
  /** From the start to the end of the script's header; undefined where none came. */
  readonly headerTime: number | undefined
  /** From the start to the end of the script and its output. */
  readonly duration: number | undefined
  /** Bytes of the request body that were received for the script. */
  readonly bytesIn: number
  /** Bytes that the script wrote to its standard output, its header among them. */
  readonly bytesOut: number
  /** Exit code; null where a signal ended it. */
  readonly exitCode: number | null | undefined
  /** The signal that ended it; null where it exited by itself. */
  readonly signal: string | null | undefined
  /** Whether its client went before it had the answer. */
  readonly isAbandoned: boolean
  /** Why the gateway ended the run, or could make nothing of its output; undefined if all was well. */
  readonly error: CgiError | undefined
  /** Resolves when all of its standard error has been logged, which may be after its end. */
  readonly standardErrorEnd: Promise<void>
}

/**
 * A request that has to wait for a slot: the message of the channel `common-gateway:run:wait`. A run of
 * the same request follows, unless it is refused or its client leaves.
 */
export interface CgiWait {
  /** Absolute path of the script. */
  readonly script: string
  /** The request that waits. */
  readonly request: CgiRequest
  /** Since when, in milliseconds since 1970. */
  readonly startTime: number
}

/** What a gateway is doing, and has done since it was made. */
export interface CgiStats {
  /** Scripts that run. */
  readonly running: number
  /** Requests that wait for a slot, or whose body is received before they can have one. */
  readonly queued: number
  /** Scripts that were started. */
  readonly started: number
  /** Scripts that could not start, or ended badly: stopped, by a signal, an exit code, no response. */
  readonly failed: number
  /** Requests whose client went before it had its answer: the script was stopped, or not heard. */
  readonly abandoned: number
  /** Requests that were answered 503: too many, a want of resources, or the gateway was closed. */
  readonly refused: number
  /** Bytes of request bodies that were received for scripts which have ended. */
  readonly bytesIn: number
  /** Bytes that scripts which have ended wrote to their standard output. */
  readonly bytesOut: number
}

const waitChannel = channel('common-gateway:run:wait')
const startChannel = channel('common-gateway:run:start')
const endChannel = channel('common-gateway:run:end')

/** What a client alone is to blame for: it has gone, or does not go on. */
const CLIENTS_OWN = new Set<CgiErrorCode>([
  'CGI_ERR_BODY_STALLED',
  'CGI_ERR_CLIENT_GONE',
  'CGI_ERR_CLIENT_TOO_SLOW',
])

/** What the runs of a gateway have come to; told of each on the channels. */
export class RunDiagnostics {
  readonly #totals = { started: 0, failed: 0, abandoned: 0, refused: 0, bytesIn: 0, bytesOut: 0 }

  stats(now: Pick<CgiStats, 'running' | 'queued'>): CgiStats {
    return { ...now, ...this.#totals }
  }

  /** A request has to wait for its turn. */
  wait(wait: Pick<CgiWait, 'script' | 'request'>): void {
    if (waitChannel.hasSubscribers)
      waitChannel.publish(hideParts({ ...wait, startTime: Date.now() }))
  }

  /** No script was started for a request. */
  countUnstarted({ code, statusCode }: CgiError): void {
    if (statusCode === 503) this.#totals.refused += 1
    else if (CLIENTS_OWN.has(code)) this.#totals.abandoned += 1
    else this.#totals.failed += 1
  }

  /** A script was started. Returns what to call when it has ended, and its output has. */
  start(start: RunStart, run: ScriptRun): () => void {
    this.#totals.started += 1
    const startTime = Date.now()
    let described: CgiRun | undefined
    const describe = (): CgiRun => (described ??= describeRun({ ...start, startTime }, run))
    // Hardly anybody listens.
    if (startChannel.hasSubscribers) startChannel.publish(describe())
    return () => {
      this.#count(run)
      if (endChannel.hasSubscribers) endChannel.publish(describe())
    }
  }

  #count(run: ScriptRun): void {
    const totals = this.#totals
    totals.bytesIn += run.bytesIn
    totals.bytesOut += run.bytesOut
    if (run.isAbandoned) totals.abandoned += 1
    else if (run.failure !== undefined || run.exited?.exitCode !== 0) totals.failed += 1
  }
}

/** What is known of a run when it begins. */
type RunStart = Pick<CgiRun, 'script' | 'pid' | 'request' | 'queueTime' | 'standardErrorEnd'>

/** A run as others see it, at any time. */
function describeRun(start: RunStart & Pick<CgiRun, 'startTime'>, run: ScriptRun): CgiRun {
  const described = {
    ...start,
    get headerTime() {
      return run.headerTime
    },
    get duration() {
      return run.duration
    },
    get bytesIn() {
      return run.bytesIn
    },
    get bytesOut() {
      return run.bytesOut
    },
    get exitCode() {
      return run.exited?.exitCode
    },
    get signal() {
      return run.exited?.signal
    },
    get isAbandoned() {
      return run.isAbandoned
    },
    get error() {
      return run.failure
    },
  }
  return hideParts(described)
}

/** A message can be logged: a request holds its connection, and that the whole server. */
function hideParts<Message extends { request: CgiRequest }>(message: Message): Message {
  for (const name of ['request', 'standardErrorEnd']) {
    if (name in message) Object.defineProperty(message, name, { enumerable: false })
  }
  return message
}
