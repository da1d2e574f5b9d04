import type { Writable } from 'node:stream'
import type { ClientSignal } from '../data/message.js'
import type { Output } from './output.js'
import type { Command, ScriptExit } from './transport.js'

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
  /** Lets the event loop end although the process runs, for one that waits for work. Its input is not covered. */
  unref?(): void
}

/** Starts processes. */
export interface Spawner {
  /** @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; `cause` is the system's error. */
  spawn(options: SpawnOptions): Promise<ScriptProcess>
}
