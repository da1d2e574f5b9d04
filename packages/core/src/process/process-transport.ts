import path from 'node:path'
import { isFile, isStream } from '../body/content.js'
import type { Settings } from '../options/settings.js'
import type { Spawner, SupervisedSpawner } from '../transport/spawner.js'
import { isSpawnerFactory } from '../transport/spawner-factory.js'
import type { WarmStats } from '../transport/warm-stats.js'
import { toCommandLine } from '../transport/command-line.js'
import type { RequestBody, ScriptCall, ScriptStreams, Transport } from '../transport/transport.js'
import { confineSpawner } from './confinement/confined-spawner.js'
import type { ConfinementSettings } from './confinement/tools.js'
import { makeSpawner } from './made-spawner.js'
import { PIPE_SIZE } from './posix/pipe-size.js'
import { chooseSpawner } from './spawner-choice.js'
import { superviseSpawner } from './supervised-spawner.js'

/** The settings of processes. */
export type ProcessSettings = ConfinementSettings &
  Pick<Settings<never>, 'killTimeout' | 'spawner' | 'logger'> & {
    /** Default: the folder of the script. */
    readonly cwd?: string | undefined
  }

/** Runs each script as a process of its own, the leader of its own process group. */
export class ProcessTransport implements Transport {
  readonly #settings: ProcessSettings
  /** The spawner without what is put around it here. */
  readonly #inner: Spawner
  readonly #spawner: SupervisedSpawner

  /**
   * @param given - takes the place of the setting.
   * @throws {CgiError} CGI_ERR_INVALID_OPTION: this system cannot confine scripts as they ask.
   */
  constructor(settings: ProcessSettings, given?: Spawner) {
    this.#settings = settings
    const choice = given ?? settings.spawner
    if (isSpawnerFactory(choice)) {
      this.#inner = makeSpawner(choice, settings)
      // The kernel kills a process of another user with this one, but not a child of it: see hasParentDeathSignal().
      const isAnotherUser = settings.user !== undefined || settings.group !== undefined
      this.#spawner = superviseSpawner(this.#inner, isAnotherUser)
    } else {
      this.#inner = given ?? chooseSpawner(choice, settings.logger)
      this.#spawner = confineSpawner(superviseSpawner(this.#inner), settings)
    }
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
    const { pid, stdin, stdout, stderr, exit, isWarm, plainReason, terminate } = started
    return {
      pid,
      stdin,
      stdout,
      stderr,
      exit,
      isWarm,
      plainReason,
      terminate: () => terminate(killTimeout),
    }
  }

  /** The fork servers of its spawner; undefined where it has none. */
  warmStats(): WarmStats | undefined {
    return this.#inner.stats?.()
  }

  async close(): Promise<void> {
    await this.#inner.close?.()
  }
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
