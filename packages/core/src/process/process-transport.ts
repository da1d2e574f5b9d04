import { waitFor } from '../data/with-timeout.js'
import type { Output } from '../transport/output.js'
import { isFile, isStream, sendToScript } from '../transport/request-body.js'
import type { Settings } from '../options/settings.js'
import type { ScriptCall, ScriptExit, ScriptOutput, Transport } from '../transport/transport.js'
import {
  type Confinement,
  type ConfinementSettings,
  createConfinement,
  whyNotStarted,
} from './confinement/confinement.js'
import { PIPE_SIZE } from './posix/pipe-size.js'
import { chooseSpawner } from './spawner-choice.js'
import type { Spawner } from './spawner.js'
import { ProcessGroup } from './process-group.js'

/** What the settings say of processes. */
export type ProcessSettings = ConfinementSettings &
  Pick<Settings<never>, 'killTimeout' | 'lingerTimeout' | 'spawner' | 'logger'>

/** How long the last of standard error may come after the news of a script's end, in milliseconds. */
const ERROR_GRACE = 100
/** How much of the end of standard error is looked at, in bytes. */
const ERROR_TAIL = 1024

const DONE = Promise.resolve()

/** Runs each script as a process of its own, the leader of its own process group. */
export class ProcessTransport implements Transport {
  readonly #settings: ProcessSettings
  readonly #spawner: Spawner
  readonly #confinement: Confinement | null

  /** @throws {CgiError} CGI_ERR_INVALID_OPTION: this system cannot confine scripts as they ask. */
  constructor(
    settings: ProcessSettings,
    spawner: Spawner = chooseSpawner(settings.spawner, settings.logger),
  ) {
    this.#settings = settings
    this.#spawner = spawner
    this.#confinement = createConfinement(settings)
  }

  async send(call: ScriptCall): Promise<ScriptOutput> {
    const { content, length } = call.body
    const { command, environment } = this.#confinement?.confine(call) ?? call
    const { pid, stdin, stdout, stderr, exit, signalGroup } = await this.#spawner.spawn({
      command,
      cwd: call.cwd,
      environment,
      stdin: content === null ? 'null' : isFile(content) ? content.fd : 'pipe',
      hasLargeInput: isStream(content) && (length ?? Number.POSITIVE_INFINITY) > PIPE_SIZE,
      signal: call.signal,
    })
    const group = new ProcessGroup(pid, signalGroup, exit)
    let inputEnd = DONE
    if (stdin !== null && content !== null && !isFile(content)) {
      inputEnd = sendToScript(content, stdin, call.bodyLimit, call.bodyObserver)
      void exit.then(() => stdin.destroy())
    }
    const tail = this.#confinement === null ? undefined : new ErrorTail()
    const standardErrorEnd = this.#readStandardError(stderr, exit, (chunk) => {
      tail?.add(chunk)
      call.onStandardError(chunk)
    })
    return {
      pid,
      stdout,
      exit: tail === undefined ? exit : explainExit(exit, tail, standardErrorEnd),
      inputEnd,
      standardErrorEnd,
      terminate: () => group.terminate(this.#settings.killTimeout),
    }
  }

  async close(): Promise<void> {}

  /** A background child may hold standard error open for as long as it likes; we do not wait. */
  #readStandardError(
    stderr: Output,
    exit: Promise<ScriptExit>,
    data: (chunk: Buffer) => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      stderr.readBy({ data, end, error: end })
      stderr.resume()
      void exit.then(() => {
        if (stderr.isOver) return
        timer = setTimeout(() => {
          // After a stall of the event loop the timer comes before the bytes that are already there.
          setImmediate(() => {
            stderr.destroy()
            resolve()
          })
        }, this.#settings.lingerTimeout)
      })
    })
  }
}

/** The last that has come of standard error. */
class ErrorTail {
  text = ''

  add(chunk: Buffer): void {
    const start = Math.max(0, chunk.length - ERROR_TAIL)
    this.text = (this.text + chunk.toString('latin1', start)).slice(-ERROR_TAIL)
  }
}

/** Adds the reason to the end of a script that what comes before it could not start. */
async function explainExit(
  exit: Promise<ScriptExit>,
  tail: ErrorTail,
  standardErrorEnd: Promise<void>,
): Promise<ScriptExit> {
  const ended = await exit
  if (ended.exitCode) await waitFor(standardErrorEnd, ERROR_GRACE)
  const reason = whyNotStarted(ended, tail.text)
  return reason === undefined ? ended : { ...ended, reason }
}
