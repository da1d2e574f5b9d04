import { inspect } from 'node:util'
import type { CgiError } from '../data/cgi-error.js'
import type { CgiRequest, CgiRun } from '../data/message.js'

/** The facts of a run that are known at its start. */
export type RunStart = Pick<
  CgiRun,
  'script' | 'scriptName' | 'pathInfo' | 'request' | 'queueTime'
> &
  Partial<Pick<CgiRun, 'pid' | 'upstream' | 'plainReason'>> & {
    readonly isWarm?: boolean | undefined
  }

/** The record that a run fills in. */
export class RunRecord implements CgiRun {
  readonly script: string
  readonly scriptName: string
  readonly pathInfo: string
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
    this.scriptName = start.scriptName
    this.pathInfo = start.pathInfo
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
type Facts = Pick<CgiRun, 'script' | 'scriptName' | 'pathInfo' | 'startTime' | 'queueTime'>

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
  readonly scriptName: string
  readonly pathInfo: string
  readonly startTime: number
  readonly queueTime: number
  /** No private field: the getters also work through a Proxy, and on objects that inherit from a message. */
  declare readonly [RECORD]: RunRecord

  constructor(record: RunRecord) {
    this.script = record.script
    this.scriptName = record.scriptName
    this.pathInfo = record.pathInfo
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
