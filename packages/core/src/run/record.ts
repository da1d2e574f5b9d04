import { inspect } from 'node:util'
import type { CgiError } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'

/**
 * One run of a script: the message of the channels `common-gateway:run:start` and
 * `common-gateway:run:end` of `node:diagnostics_channel`. Both get the same object; a field is undefined
 * until it is known. Times are in milliseconds.
 */
export interface CgiRun {
  /** Absolute path of the script. */
  readonly script: string
  /** Process id of the script; undefined where a transport has none. */
  readonly pid: number | undefined
  /** The application server that runs the script, such as `127.0.0.1:9000`; undefined for a process. */
  readonly upstream: string | undefined
  /** Whether a fork server has made its process, which had loaded the interpreter before. */
  readonly isWarm: boolean
  /** Why a spawner that keeps interpreters warm has started it without one; undefined otherwise. */
  readonly plainReason: string | undefined
  /** The request that the script answers. Not enumerable, so that a logged run does not contain it. */
  readonly request: CgiRequest
  /** When the script was started, in milliseconds since 1970. */
  readonly startTime: number
  /** How long the request waited for a slot. */
  readonly queueTime: number
  /** From the start to the end of the script's header; undefined without a header. */
  readonly headerTime: number | undefined
  /** From the start to the end of the script and its output. */
  readonly duration: number | undefined
  /** Bytes of the request body received for the script. */
  readonly bytesIn: number
  /** Bytes that the script wrote to its standard output, including its header. */
  readonly bytesOut: number
  /** Bytes of its standard error that exceeded the rate limit of the log and were dropped. */
  readonly droppedBytes: number
  /** Exit code; null if a signal ended the script. */
  readonly exitCode: number | null | undefined
  /** The signal that ended the script; null if it exited. */
  readonly signal: string | null | undefined
  /** Whether the client disconnected before it had the whole answer. */
  readonly isAbandoned: boolean
  /** Why the gateway stopped the script or rejected its output; undefined without a failure. */
  readonly error: CgiError | undefined
  /**
   * Resolves when the last line of standard error has been logged, which may be after the end of the run.
   * Not enumerable.
   */
  readonly standardErrorEnd: Promise<void>
}

/** The facts of a run that are known at its start. */
export type RunStart = Pick<CgiRun, 'script' | 'request' | 'queueTime'> &
  Partial<Pick<CgiRun, 'pid' | 'upstream' | 'plainReason'>> & {
    readonly isWarm?: boolean | undefined
  }

/** The record that a run fills in. */
export class RunRecord implements CgiRun {
  readonly script: string
  pid: number | undefined
  upstream: string | undefined
  readonly isWarm: boolean
  readonly plainReason: string | undefined
  readonly request: CgiRequest
  readonly startTime = Date.now()
  readonly queueTime: number
  headerTime: number | undefined
  duration: number | undefined
  bytesIn = 0
  bytesOut = 0
  droppedBytes = 0
  exitCode: number | null | undefined
  signal: string | null | undefined
  isAbandoned = false
  error: CgiError | undefined
  standardErrorEnd = DONE
  readonly #start = performance.now()
  #message: CgiRun | undefined

  constructor(start: RunStart) {
    this.script = start.script
    this.pid = start.pid
    this.upstream = start.upstream
    this.isWarm = start.isWarm ?? false
    this.plainReason = start.plainReason
    this.request = start.request
    this.queueTime = start.queueTime
  }

  /** The message of the channels. Made on demand: most runs have no subscribers. */
  get message(): CgiRun {
    // GETTERS has the rest of CgiRun.
    this.#message ??= new RunMessage(this) as unknown as CgiRun
    return this.#message
  }

  /** For log messages. Loggers have a `pid` of their own: that of this process. */
  get logFacts(): object {
    const { script, pid, upstream } = this
    return {
      script,
      ...(pid !== undefined && { scriptPid: pid }),
      ...(upstream !== undefined && { upstream }),
    }
  }

  /** Milliseconds since the start. */
  get age(): number {
    return performance.now() - this.#start
  }
}

/** The facts of a run that do not change. */
type Facts = Pick<CgiRun, 'script' | 'startTime' | 'queueTime'>

/** The other properties, and whether they are enumerable. A request refers to its connection and to the server. */
const ENUMERABLE: Readonly<Record<Exclude<keyof CgiRun, keyof Facts>, boolean>> = {
  pid: true,
  upstream: true,
  isWarm: true,
  plainReason: true,
  request: false,
  headerTime: true,
  duration: true,
  bytesIn: true,
  bytesOut: true,
  droppedBytes: true,
  exitCode: true,
  signal: true,
  isAbandoned: true,
  error: true,
  standardErrorEnd: false,
}

const RECORD = Symbol('record')

/**
 * A view of a record: a subscriber that freezes it, or writes to it, must not change the run. All messages share their
 * getters, as getters of their own would keep the request until a full collection: see `BlockParser`.
 */
class RunMessage implements Facts {
  readonly script: string
  readonly startTime: number
  readonly queueTime: number
  /** No private field: the getters also work through a Proxy, and on objects that inherit from a message. */
  declare readonly [RECORD]: RunRecord

  constructor(record: RunRecord) {
    this.script = record.script
    this.startTime = record.startTime
    this.queueTime = record.queueTime
    Object.defineProperty(this, RECORD, { value: record })
    Object.defineProperties(this, GETTERS)
  }

  /** `console.log()` prints `[Getter]` otherwise. */
  [inspect.custom](): object {
    return Object.assign({}, this)
  }
}

const GETTERS: PropertyDescriptorMap = {}
for (const [name, enumerable] of Object.entries(ENUMERABLE)) {
  GETTERS[name] = {
    enumerable,
    get(this: RunMessage) {
      // Object.entries() gives its names the type string.
      return this[RECORD][name as keyof typeof ENUMERABLE]
    },
  }
}

const DONE = Promise.resolve()
