import path from 'node:path'
import { isFile, isStream } from '../body/content.js'
import type { Settings } from '../options/settings.js'
import type { Spawner } from '../transport/spawner.js'
import { toCommandLine } from '../transport/command-line.js'
import type { RequestBody, ScriptCall, ScriptStreams, Transport } from '../transport/transport.js'
import { confineSpawner } from './confinement/confined-spawner.js'
import type { ConfinementSettings } from './confinement/tools.js'
import { PIPE_SIZE } from './posix/pipe-size.js'
import { chooseSpawner } from './spawner-choice.js'
import { type SupervisedSpawner, superviseSpawner } from './supervised-spawner.js'

/** The settings of processes. */
export type ProcessSettings = ConfinementSettings &
  Pick<Settings<never>, 'killTimeout' | 'spawner' | 'logger'> & {
    /** Default: the folder of the script. */
    readonly cwd?: string | undefined
  }

/** Runs each script as a process of its own, the leader of its own process group. */
export class ProcessTransport implements Transport {
  readonly #settings: ProcessSettings
  readonly #spawner: SupervisedSpawner

  /** @throws {CgiError} CGI_ERR_INVALID_OPTION: this system cannot confine scripts as they ask. */
  constructor(
    settings: ProcessSettings,
    spawner: Spawner = chooseSpawner(settings.spawner, settings.logger),
  ) {
    this.#settings = settings
    this.#spawner = confineSpawner(superviseSpawner(spawner), settings)
  }

  async open(call: ScriptCall): Promise<ScriptStreams> {
    const { script, args, body } = call
    const { killTimeout, cwd } = this.#settings
    const started = await this.#spawner.spawn({
      command: toCommandLine(script.command, args),
      cwd: cwd ?? path.dirname(script.file),
      environment: call.environment,
      stdin: standardInputOf(body),
      hasLargeInput: isLarge(body),
      signal: call.signal,
    })
    const { pid, stdin, stdout, stderr, exit, terminate } = started
    return { pid, stdin, stdout, stderr, exit, terminate: () => terminate(killTimeout) }
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
