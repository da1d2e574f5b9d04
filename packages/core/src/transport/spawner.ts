import type { Writable } from 'node:stream'
import type { ClientSignal } from '../data/message.js'
import type { Output } from './output.js'
import type { Command, ScriptExit } from './transport.js'

/** Sends a signal to a process group, or, by 0, tests for one; false where no process is left in it. */
export type SendSignal = (signal: NodeJS.Signals | 0) => boolean

/** What a process is started with. */
export interface SpawnOptions {
  /** Absolute path of the program, and its arguments; byte strings. */
  readonly command: Command
  readonly cwd: string
  /** The whole environment; values are byte strings. */
  readonly environment: Readonly<Record<string, string>>
  /** Standard input: the null device, a pipe to write to, or a descriptor to hand over. */
  readonly stdin: 'null' | 'pipe' | number
  /** Whether much will be written to that pipe. Default: no. */
  readonly hasLargeInput?: boolean
  /** Aborted when the process is not wanted any more: one that waits to be started is not started. */
  readonly signal?: ClientSignal | undefined
}

/** A process that leads a process group of its own. */
export interface ScriptProcess {
  readonly pid: number
  /** Null unless `stdin` was `'pipe'`. */
  readonly stdin: Writable | null
  readonly stdout: Output
  readonly stderr: Output
  /** Resolves when the process has ended and is reaped; never rejects. */
  readonly exit: Promise<ScriptExit>
  /** Sends a signal to every process of the group. */
  readonly signalGroup: SendSignal
}

/** A way to start processes. */
export interface Spawner {
  /** @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; `cause` is the system's error. */
  spawn(options: SpawnOptions): Promise<ScriptProcess>
}
