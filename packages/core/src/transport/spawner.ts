import type { Writable } from 'node:stream'
import type { ClientSignal } from '../data/message.js'
import type { Output } from './output.js'
import type { Command, ScriptExit } from './transport.js'
import type { WarmStats } from './warm-stats.js'

/** Sends a signal to a process group, or probes it by 0; false where it has no process left. */
export type SendSignal = (signal: NodeJS.Signals | 0) => boolean

/** The input of a start. */
export interface SpawnOptions {
  /** Absolute path of the program, and its arguments; byte strings. */
  readonly command: Command
  readonly cwd: string
  /** The whole environment; values are byte strings. */
  readonly environment: Readonly<Record<string, string>>
  /** Standard input: the null device, a pipe, or a file descriptor. */
  readonly stdin: 'null' | 'pipe' | number
  /** Whether the content may be larger than that pipe. Default: `false`. */
  readonly hasLargeInput?: boolean
  /** Aborted when the process is not needed any more: a start that waits is given up. */
  readonly signal?: ClientSignal | undefined
}

/** A process that leads a process group of its own. */
export interface ScriptProcess {
  readonly pid: number
  /** Null unless `stdin` was `'pipe'`. */
  readonly stdin: Writable | null
  readonly stdout: Output
  readonly stderr: Output
  /** Resolves when the process is reaped; never rejects. */
  readonly exit: Promise<ScriptExit>
  /** Sends a signal to every process of the group. */
  readonly signalGroup: SendSignal
  /** Whether a fork server has made it, which had loaded the interpreter before. Default: `false`. */
  readonly isWarm?: boolean | undefined
  /** Why a spawner that keeps interpreters warm has started it without one. */
  readonly plainReason?: string | undefined
  /** Lets the event loop end although the process runs, for one that waits for work. Its input is not covered. */
  unref?(): void
}

/** Starts processes. */
export interface Spawner {
  /** @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; `cause` is the system's error. */
  spawn(options: SpawnOptions): Promise<ScriptProcess>
  /** The fork servers of a spawner that keeps interpreters warm, for `stats()` of the gateway. */
  stats?(): WarmStats | undefined
  /** Frees resources. Called once by each gateway, after the end of its last script. */
  close?(): Promise<void>
}

/** A process that does not outlive this one, nor do the processes that it has started. */
export interface SupervisedProcess extends ScriptProcess {
  /**
   * Sends SIGTERM to the process group, and SIGKILL to the processes that are left after `killTimeout` milliseconds:
   * the process, or children that it has left behind. Resolves when no process is left; never rejects.
   */
  readonly terminate: (killTimeout: number) => Promise<void>
  /** Lets the event loop end although the process runs, which then ends with this one. */
  unref(): void
}

/** Starts processes that end with this one: by a signal, `process.exit()`, or an uncaught exception. */
export interface SupervisedSpawner extends Spawner {
  /** Starts a process. @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; `cause` is the system's error. */
  spawn(options: SpawnOptions): Promise<SupervisedProcess>
}
