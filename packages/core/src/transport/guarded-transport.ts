import { CgiError } from '../data/cgi-error.js'
import { EXIT_AFTER_TERMINATION, TRANSPORT_AFTER_KILL_TIMEOUT } from '../data/grace-periods.js'
import { describeThrown } from '../data/thrown.js'
import { withTimeout } from '../data/with-timeout.js'
import { guardInput } from './guarded-input.js'
import { guardOutput } from './guarded-output.js'
import { guardSignal } from './guarded-signal.js'
import { guardSlots } from './guarded-slots.js'
import { releaseRefused } from './refused-streams.js'
import type { Slots } from './slots.js'
import type { ScriptCall, ScriptExit, ScriptStreams, Transport } from './transport.js'

/** The exit of a script about which nothing is known. */
export const UNKNOWN_EXIT: ScriptExit = { exitCode: null, signal: null }

/**
 * Contains the faults of a transport of the application: none of them ends the process, or keeps `close()`
 * pending.
 */
export class GuardedTransport implements Transport {
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
    this.slots = transport.slots && guardSlots(transport.slots)
    this.#patience = killTimeout + TRANSPORT_AFTER_KILL_TIMEOUT
    this.#abandonsStarts = abandonsStarts
  }

  async open(call: ScriptCall): Promise<ScriptStreams> {
    let streams: ScriptStreams | undefined
    try {
      const signal = call.signal && guardSignal(call.signal)
      streams = await this.#open({ ...call, signal })
      return this.#guard(streams)
    } catch (cause) {
      releaseRefused(streams)
      if (cause instanceof CgiError) throw cause
      throw new CgiError('CGI_ERR_SPAWN', {
        reason: `the transport failed: ${describeThrown(cause)}`,
        cause,
      })
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

  async close(): Promise<void> {
    try {
      await withTimeout(Promise.resolve(this.#transport.close()), this.#patience)
    } catch {
      // Nothing is left to be done about it.
    }
  }

  /** @throws {TypeError} where a stream is missing. */
  #guard(streams: ScriptStreams): ScriptStreams {
    const { pid } = streams
    const stdin = streams.stdin === null ? null : guardInput(streams.stdin)
    const stdout = guardOutput(streams.stdout)
    const stderr = streams.stderr === null ? null : guardOutput(streams.stderr)
    let resolveExit: (exit: ScriptExit) => void = () => {}
    const exit = new Promise<ScriptExit>((resolve) => {
      resolveExit = resolve
    })
    const fail = (error: unknown): void => {
      stdout.fail(error)
      resolveExit(UNKNOWN_EXIT)
    }
    Promise.resolve(streams.exit).then(toExit).then(resolveExit, fail)
    let termination: Promise<void> | undefined
    const terminate = async (): Promise<void> => {
      try {
        await withTimeout(Promise.resolve(streams.terminate()), this.#patience)
        await withTimeout(exit, EXIT_AFTER_TERMINATION)
      } catch {
        // `exit` resolves below in any case.
      }
      resolveExit(UNKNOWN_EXIT)
    }
    return {
      pid: Number.isInteger(pid) ? pid : undefined,
      stdin,
      stdout,
      stderr,
      exit,
      terminate: () => (termination ??= terminate()),
    }
  }
}

/** An exit of the right shape, whatever the transport returned. */
function toExit(given: ScriptExit | undefined): ScriptExit {
  const { exitCode, signal, reason } = given ?? UNKNOWN_EXIT
  return {
    exitCode: Number.isInteger(exitCode) ? exitCode : null,
    signal: typeof signal === 'string' ? signal : null,
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}
