import { channel } from 'node:diagnostics_channel'
import type { CgiError, CgiErrorCode } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'
import type { UpstreamStats } from '../transport/upstream-stats.js'
import type { WarmStats } from '../transport/warm-stats.js'
import type { RunRecord } from './record.js'

/**
 * A request that has to wait for a slot: the message of the channel `common-gateway:run:wait`. A run of
 * the same request follows, unless the request is refused or its client disconnects.
 */
export interface CgiWait {
  /** Absolute path of the script. */
  readonly script: string
  /** The request that waits. */
  readonly request: CgiRequest
  /** When the wait began, in milliseconds since 1970. */
  readonly startTime: number
}

/** The current load of a gateway, and its totals since it was created. */
export interface CgiStats {
  /** Running scripts. */
  readonly running: number
  /** Requests that wait for a slot or for their body to be received. */
  readonly queued: number
  /** Started scripts. */
  readonly started: number
  /** Scripts that could not start, were stopped, sent no response, or ended by a signal or an exit code. */
  readonly failed: number
  /** Requests whose client disconnected before it had the whole answer. */
  readonly abandoned: number
  /** Requests answered with 503: the queue was full, resources were short, or the gateway was closed. */
  readonly refused: number
  /** Bytes of request bodies received for scripts that have ended. */
  readonly bytesIn: number
  /** Bytes that these scripts wrote to their standard output. */
  readonly bytesOut: number
  /** The application servers of the transports, and the programs that they keep running; absent without any. */
  readonly upstreams?: readonly UpstreamStats[]
  /** The fork servers of a spawner that keeps interpreters warm; absent without one. */
  readonly warm?: WarmStats
}

const waitChannel = channel('common-gateway:run:wait')
const startChannel = channel('common-gateway:run:start')
const endChannel = channel('common-gateway:run:end')

/** Errors that count as abandoned: the client disconnected or was too slow. */
const BY_CLIENT = new Set<CgiErrorCode>([
  'CGI_ERR_BODY_STALLED',
  'CGI_ERR_CLIENT_GONE',
  'CGI_ERR_CLIENT_TOO_SLOW',
])

/** Counts the runs of a gateway and publishes each on the channels. */
export class RunDiagnostics {
  readonly #totals = { started: 0, failed: 0, abandoned: 0, refused: 0, bytesIn: 0, bytesOut: 0 }

  stats(now: Pick<CgiStats, 'running' | 'queued'>): CgiStats {
    return { ...now, ...this.#totals }
  }

  /** A request has to wait for a slot. */
  wait(wait: Pick<CgiWait, 'script' | 'request'>): void {
    if (waitChannel.hasSubscribers) waitChannel.publish(describeWait(wait))
  }

  /** No script was started for a request. */
  countUnstarted({ code, statusCode }: CgiError): void {
    if (statusCode === 503) this.#totals.refused += 1
    else if (BY_CLIENT.has(code)) this.#totals.abandoned += 1
    else this.#totals.failed += 1
  }

  /** A script has started. */
  start(run: RunRecord): void {
    this.#totals.started += 1
    if (startChannel.hasSubscribers) startChannel.publish(run.message)
  }

  /** A script and its output have ended. */
  end(run: RunRecord): void {
    const totals = this.#totals
    totals.bytesIn += run.bytesIn
    totals.bytesOut += run.bytesOut
    if (run.isAbandoned) totals.abandoned += 1
    else if (run.error !== undefined || run.exitCode !== 0) totals.failed += 1
    if (endChannel.hasSubscribers) endChannel.publish(run.message)
  }
}

/** The request is not enumerable, so that a logged message does not contain its connection and the server. */
function describeWait({ script, request }: Pick<CgiWait, 'script' | 'request'>): CgiWait {
  const wait = { script, request, startTime: Date.now() }
  return Object.defineProperty(wait, 'request', { enumerable: false })
}
