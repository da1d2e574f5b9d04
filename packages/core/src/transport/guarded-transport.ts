import { CgiError } from '../data/cgi-error.js'
import { TRANSPORT_AFTER_KILL_TIMEOUT } from '../data/grace-periods.js'
import { describeThrown } from '../data/thrown.js'
import { withTimeout } from '../data/with-timeout.js'
import { guardSignal } from './guarded-signal.js'
import { guardSlots } from './guarded-slots.js'
import { GuardedStreams } from './guarded-streams.js'
import { releaseRefused } from './refused-streams.js'
import type { ScriptFinder } from './script-finder.js'
import type { Slots } from './slots.js'
import type { ScriptCall, ScriptStreams, Transport } from './transport.js'
import type { UpstreamStats } from './upstream-stats.js'

type Environment = ScriptCall['environment']

/**
 * Contains the faults of a transport of the application: none of them ends the process, or keeps `close()`
 * pending.
 */
export class GuardedTransport implements Transport {
  readonly inheritsEnvironment: boolean
  readonly needsExecutable: boolean
  readonly needsBodyLength: boolean
  /** Not guarded: the gateway guards the one that it uses. */
  readonly finder?: ScriptFinder
  readonly mapEnvironment?: (environment: Environment) => Environment
  readonly slots: Slots | undefined
  readonly #transport: Transport
  /** How long a start, a stop or a close may take once it is to end, in milliseconds. */
  readonly #patience: number
  readonly #abandonsStarts: boolean

  /**
   * @param killTimeout - the option.
   * @param abandonsStarts - whether a start that goes on after its request has ended is given up. A process that is
   *   still starting may yet be given the descriptor of the request body, so that its body is not closed before.
   */
  constructor(transport: Transport, killTimeout: number, abandonsStarts: boolean) {
    this.#transport = transport
    this.inheritsEnvironment = transport.inheritsEnvironment !== false
    this.needsExecutable = transport.needsExecutable !== false
    this.needsBodyLength = transport.needsBodyLength === true
    if (transport.finder !== undefined) this.finder = transport.finder
    if (transport.mapEnvironment !== undefined) {
      this.mapEnvironment = (environment) => this.#mapEnvironment(environment)
    }
    this.slots = transport.slots && guardSlots(transport.slots)
    this.#patience = killTimeout + TRANSPORT_AFTER_KILL_TIMEOUT
    this.#abandonsStarts = abandonsStarts
  }

  async open(call: ScriptCall): Promise<ScriptStreams> {
    let streams: ScriptStreams | undefined
    try {
      const signal = call.signal && guardSignal(call.signal)
      streams = await this.#open({ ...call, signal })
      return new GuardedStreams(streams, this.#patience)
    } catch (cause) {
      releaseRefused(streams)
      throw toFailure(cause)
    }
  }

  #mapEnvironment(environment: Environment): Environment {
    try {
      return this.#transport.mapEnvironment?.(environment) ?? environment
    } catch (cause) {
      throw toFailure(cause)
    }
  }

  #open(call: ScriptCall): Promise<ScriptStreams> {
    const opening = Promise.resolve(this.#transport.open(call))
    const { signal } = call
    if (!this.#abandonsStarts || signal === undefined) return opening
    return new Promise((resolve, reject) => {
      let isAbandoned = false
      let timer: NodeJS.Timeout | undefined
      const abandon = (): void => {
        isAbandoned = true
        reject(new Error('open() is still pending after the end of its request'))
      }
      const startTimer = (): void => {
        timer = setTimeout(abandon, this.#patience)
      }
      signal.addEventListener('abort', startTimer)
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', startTimer)
      }
      const take = (streams: ScriptStreams): void => {
        if (isAbandoned) releaseRefused(streams)
        else resolve(streams)
      }
      opening.finally(settle).then(take, reject)
    })
  }

  stats(): readonly UpstreamStats[] {
    try {
      const stats: unknown = this.#transport.stats?.()
      // The elements are what the transport says: they are passed on, and not read.
      return Array.isArray(stats) ? (stats as UpstreamStats[]) : []
    } catch {
      return []
    }
  }

  async close(): Promise<void> {
    try {
      await withTimeout(Promise.resolve(this.#transport.close()), this.#patience)
    } catch {
      // Nothing is left to be done about it.
    }
  }
}

function toFailure(cause: unknown): CgiError {
  if (cause instanceof CgiError) return cause
  const reason = `the transport failed: ${describeThrown(cause)}`
  return new CgiError('CGI_ERR_SPAWN', { reason, cause })
}
