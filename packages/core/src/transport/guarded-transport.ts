import { CgiError } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { waitFor } from '../data/with-timeout.js'
import { guardInput } from './guarded-input.js'
import { guardOutput } from './guarded-output.js'
import { guardSignal } from './guarded-signal.js'
import { releaseRefused } from './refused-streams.js'
import type { ScriptCall, ScriptExit, ScriptStreams, Transport } from './transport.js'

/** How long the end of a script may come after `terminate()` has resolved, in milliseconds. */
const END_GRACE = 250
/** How much longer than `killTimeout` a transport may take for `terminate()`, in milliseconds. */
const TERMINATION_GRACE = 1_000

const UNKNOWN: ScriptExit = { exitCode: null, signal: null }

/**
 * Contains the faults of a transport that the application has given, so that none of them ends the
 * process, keeps a slot for ever or keeps the gateway from its close.
 */
export class GuardedTransport implements Transport {
  readonly #transport: Transport
  readonly #killTimeout: number

  /** @param killTimeout - the option. */
  constructor(transport: Transport, killTimeout: number) {
    this.#transport = transport
    this.#killTimeout = killTimeout
  }

  async open(call: ScriptCall): Promise<ScriptStreams> {
    let streams: ScriptStreams | undefined
    try {
      const signal = call.signal && guardSignal(call.signal)
      streams = await this.#transport.open({ ...call, signal })
      return this.#guard(streams)
    } catch (cause) {
      releaseRefused(streams)
      if (cause instanceof CgiError) throw cause
      throw new CgiError('CGI_ERR_SPAWN', {
        reason: `the transport: ${describeThrown(cause)}`,
        cause,
      })
    }
  }

  async close(): Promise<void> {
    try {
      await waitFor(Promise.resolve(this.#transport.close()), this.#killTimeout + TERMINATION_GRACE)
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
      resolveExit(UNKNOWN)
    }
    Promise.resolve(streams.exit).then(toExit).then(resolveExit, fail)
    let termination: Promise<void> | undefined
    const terminate = async (): Promise<void> => {
      try {
        await waitFor(Promise.resolve(streams.terminate()), this.#killTimeout + TERMINATION_GRACE)
        await waitFor(exit, END_GRACE)
      } catch {
        // It has had its chance.
      }
      resolveExit(UNKNOWN)
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

/** An end of the right shape, whatever was given. */
function toExit(given: ScriptExit | undefined): ScriptExit {
  const { exitCode, signal, reason } = given ?? UNKNOWN
  return {
    exitCode: Number.isInteger(exitCode) ? exitCode : null,
    signal: typeof signal === 'string' ? signal : null,
    ...(typeof reason === 'string' ? { reason } : {}),
  }
}
