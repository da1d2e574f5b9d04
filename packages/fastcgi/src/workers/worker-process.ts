import { setTimeout as delay } from 'node:timers/promises'
import {
  CgiError,
  type CgiLogger,
  type ClientSignal,
  type Command,
  type ScriptExit,
  type SupervisedProcess,
  type SupervisedSpawner,
} from '@common-gateway/core/transport'
import type { SocketFolder } from './socket-folder.js'
import { WorkerOutput } from './worker-output.js'

/** How a worker is started. */
export interface WorkerStart {
  /** `php-cgi 1`. */
  readonly name: string
  /** The name of its socket in the folder. */
  readonly socketName: string
  readonly folder: SocketFolder
  readonly spawner: SupervisedSpawner
  readonly command: Command
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  readonly logger: CgiLogger
}

/** How long the last line of a process that has ended is waited for, in milliseconds. */
const OUTPUT_END_AFTER_EXIT = 100

/** One process of a worker, from its start to its exit. */
export class WorkerProcess {
  readonly pid: number
  readonly socketPath: string
  /** Resolves when it has ended, and its last line is known. */
  readonly exit: Promise<ScriptExit>
  readonly output: WorkerOutput
  /** How many requests it has answered. */
  answers = 0
  /** Whether it has read a request. */
  hasTaken = false
  readonly #process: SupervisedProcess

  private constructor(started: SupervisedProcess, socketPath: string, start: WorkerStart) {
    this.#process = started
    this.pid = started.pid
    this.socketPath = socketPath
    this.output = new WorkerOutput(started, start)
    this.exit = this.#readExit()
    // A worker that waits for requests does not keep the application alive.
    started.unref()
  }

  /**
   * Starts a process with a socket of its own: when the process ends, connections to it are refused, also those that
   * it has not accepted. With one for all, the next process would run requests that have failed.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES
   */
  static async start(start: WorkerStart, signal?: ClientSignal): Promise<WorkerProcess> {
    const { folder, socketName, spawner, command, cwd, environment } = start
    const socket = await folder.open(socketName).catch((cause: unknown) => {
      const reason = `the socket of ${start.name} cannot be opened: ${describe(cause)}`
      throw new CgiError('CGI_ERR_SPAWN', { reason, upstream: start.name, cause })
    })
    try {
      const stdin = socket.descriptor
      const started = await spawner.spawn({ command, cwd, environment, stdin, signal })
      return new WorkerProcess(started, socket.path, start)
    } finally {
      socket.close()
    }
  }

  /** Ends it and what it has started: SIGTERM, after `killTimeout` milliseconds SIGKILL. */
  end(killTimeout: number): Promise<void> {
    return this.#process.terminate(killTimeout)
  }

  async #readExit(): Promise<ScriptExit> {
    const exit = await this.#process.exit
    // Children that it has left may hold its outputs open.
    await Promise.race([this.output.end, delay(OUTPUT_END_AFTER_EXIT, undefined, { ref: false })])
    return exit
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
