import path from 'node:path'
import { isFile, isStream } from '../body/content.js'
import { STANDARD_ERROR_AFTER_EXIT } from '../data/grace-periods.js'
import { withTimeout } from '../data/with-timeout.js'
import type { Settings } from '../options/settings.js'
import type { Spawner } from '../transport/spawner.js'
import { toCommandLine } from '../transport/command-line.js'
import type {
  RequestBody,
  ScriptCall,
  ScriptExit,
  ScriptStreams,
  Transport,
} from '../transport/transport.js'
import { type Confinement, createConfinement, whyNotStarted } from './confinement/confinement.js'
import type { ConfinementSettings } from './confinement/tools.js'
import { PIPE_SIZE } from './posix/pipe-size.js'
import { ProcessGroup } from './process-group.js'
import { chooseSpawner } from './spawner-choice.js'
import { TailedOutput } from './tailed-output.js'

/** The settings of processes. */
export type ProcessSettings = ConfinementSettings &
  Pick<Settings<never>, 'killTimeout' | 'spawner' | 'logger'> & {
    /** Default: the folder of the script. */
    readonly cwd?: string | undefined
  }

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

  async open(call: ScriptCall): Promise<ScriptStreams> {
    const { script, args, body } = call
    const command = toCommandLine(script.command, args)
    const started = await this.#spawner.spawn({
      command: this.#confinement?.confine(command) ?? command,
      cwd: this.#settings.cwd ?? path.dirname(script.file),
      environment: call.environment,
      stdin: standardInputOf(body),
      hasLargeInput: isLarge(body),
      signal: call.signal,
    })
    const { pid, stdin, stdout, signalGroup } = started
    const group = new ProcessGroup(pid, signalGroup, started.exit)
    const terminate = (): Promise<void> => group.terminate(this.#settings.killTimeout)
    if (this.#confinement === null) {
      return { pid, stdin, stdout, stderr: started.stderr, exit: started.exit, terminate }
    }
    const stderr = new TailedOutput(started.stderr)
    return { pid, stdin, stdout, stderr, exit: explainExit(started.exit, stderr), terminate }
  }

  async close(): Promise<void> {}
}

/** A process has a file as its standard input; all else is written to a pipe. */
function standardInputOf({ content }: RequestBody): 'null' | 'pipe' | number {
  if (content === null) return 'null'
  return isFile(content) ? content.fd : 'pipe'
}

/** Whether a body that is still arriving may fill the pipe. */
function isLarge({ content, length }: RequestBody): boolean {
  return isStream(content) && (length ?? Number.POSITIVE_INFINITY) > PIPE_SIZE
}

/** Adds the reason to the end of a script that a tool of its confinement could not start. */
async function explainExit(exit: Promise<ScriptExit>, stderr: TailedOutput): Promise<ScriptExit> {
  const ended = await exit
  if (ended.exitCode) await withTimeout(stderr.end, STANDARD_ERROR_AFTER_EXIT)
  const reason = whyNotStarted(ended, stderr.tail)
  return reason === undefined ? ended : { ...ended, reason }
}
