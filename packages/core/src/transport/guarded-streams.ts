import type { CgiError } from '../data/cgi-error.js'
import { EXIT_AFTER_TERMINATION } from '../data/grace-periods.js'
import { withTimeout } from '../data/with-timeout.js'
import { guardInput } from './guarded-input.js'
import { type GuardedOutput, guardOutput } from './guarded-output.js'
import type { ScriptExit, ScriptStreams } from './transport.js'

/** The exit of a script about which nothing is known. */
export const UNKNOWN_EXIT: ScriptExit = { exitCode: null, signal: null }

/** Contains the faults of the streams of a script that a transport of the application has started. */
export class GuardedStreams implements ScriptStreams {
  readonly stdin: ScriptStreams['stdin']
  readonly stdout: GuardedOutput
  readonly stderr: GuardedOutput | null
  readonly exit: Promise<ScriptExit>
  readonly #streams: ScriptStreams
  /** How long a stop may take, in milliseconds. */
  readonly #patience: number
  #resolveExit: (exit: ScriptExit) => void = () => {}
  #termination: Promise<void> | undefined

  /** @throws {TypeError} where a stream is missing. */
  constructor(streams: ScriptStreams, patience: number) {
    this.#streams = streams
    this.#patience = patience
    this.stdin = streams.stdin === null ? null : guardInput(streams.stdin)
    this.stdout = guardOutput(streams.stdout)
    this.stderr = streams.stderr === null ? null : guardOutput(streams.stderr)
    this.exit = new Promise((resolve) => {
      this.#resolveExit = resolve
    })
    const fail = (error: unknown): void => {
      this.stdout.fail(error)
      this.#resolveExit(UNKNOWN_EXIT)
    }
    Promise.resolve(streams.exit).then(toExit).then(this.#resolveExit, fail)
  }

  get pid(): number | undefined {
    const pid = this.#read('pid')
    // Number.isInteger() does not narrow.
    return typeof pid === 'number' && Number.isInteger(pid) ? pid : undefined
  }

  get upstream(): string | undefined {
    const upstream = this.#read('upstream')
    return typeof upstream === 'string' ? upstream : undefined
  }

  get isWarm(): boolean {
    return this.#read('isWarm') === true
  }

  get plainReason(): string | undefined {
    const reason = this.#read('plainReason')
    return typeof reason === 'string' ? reason : undefined
  }

  terminate(reason?: CgiError): Promise<void> {
    this.#termination ??= this.#terminate(reason)
    return this.#termination
  }

  async #terminate(reason: CgiError | undefined): Promise<void> {
    try {
      await withTimeout(Promise.resolve(this.#streams.terminate(reason)), this.#patience)
      await withTimeout(this.exit, EXIT_AFTER_TERMINATION)
    } catch {
      // `exit` resolves below in any case.
    }
    this.#resolveExit(UNKNOWN_EXIT)
  }

  #read(name: 'pid' | 'upstream' | 'isWarm' | 'plainReason'): unknown {
    try {
      return this.#streams[name]
    } catch {
      return undefined
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
