import {
  type DescriptorSocket,
  onProcessEnd,
  openDescriptorSocket,
  type Output,
  type ScriptExit,
  type SupervisedProcess,
  type SupervisedSpawner,
} from '@common-gateway/core/transport'
import { killChildren } from './process-children.js'
import { type ServerDescription, serverCommand, serverEnvironment } from './server-command.js'
import { settlesWithin } from './settled-within.js'
import { parseStatusLine, type StatusLine, StatusLines } from '../protocol/status-line.js'

/** Callbacks for the output and the end of a fork server's process. */
export interface ServerConsumer {
  /** A status line. */
  line(line: StatusLine): void
  /** A line of its standard error, a byte string. */
  error(text: string): void
  /** It has ended, closed its status pipe, or broken the protocol. Is called more than once. */
  end(exit: ScriptExit | undefined): void
}

/** How long the end may take, in milliseconds. */
const END_LIMIT = 2_000
/** How long to wait for the exit after the end of the status pipe, and for the end of both outputs after the exit. */
const REST_LIMIT = 1_000

/** The process of a fork server: its control socket, its status pipe, its standard error. */
export class ServerProcess {
  readonly #process: SupervisedProcess
  readonly #socket: DescriptorSocket
  readonly #lines = new StatusLines()
  #statusEnd: Promise<void> = Promise.resolve()

  private constructor(started: SupervisedProcess, socket: DescriptorSocket) {
    this.#process = started
    this.#socket = socket
  }

  /** Starts the process, which does not keep the event loop alive. @throws {Error} where it cannot be started. */
  static async start(
    lasting: SupervisedSpawner,
    description: ServerDescription,
  ): Promise<ServerProcess> {
    const socket = openDescriptorSocket()
    let pid: number | undefined
    // Before the fork server itself is killed: a child may have begun of which this process has not read yet.
    const withdraw = onProcessEnd(() => {
      if (pid !== undefined) killChildren(pid)
    })
    try {
      const started = await lasting.spawn({
        command: serverCommand(description),
        cwd: description.cwd,
        environment: serverEnvironment(description),
        stdin: socket.peer,
      })
      pid = started.pid
      void started.exit.then(withdraw)
      started.unref()
      return new ServerProcess(started, socket)
    } catch (error) {
      withdraw()
      socket.close()
      throw error
    } finally {
      // While it is open here, a message to a fork server that has ended would be kept, with its descriptors.
      socket.closePeer()
    }
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Sends a message with descriptors. @returns whether it was sent. */
  send(message: string, descriptors: readonly number[]): boolean {
    return this.#socket.send(message, descriptors)
  }

  /** Reads the output. Called once. */
  follow(consumer: ServerConsumer): void {
    const { stdout, stderr } = this.#process
    this.#statusEnd = readAll(stdout, (chunk) => {
      for (const text of this.#lines.read(chunk)) {
        const line = parseStatusLine(text)
        if (line !== undefined) consumer.line(line)
      }
      if (this.#lines.isBroken) consumer.end(undefined)
    })
    const errorEnd = readAll(stderr, (chunk) => {
      for (const text of chunk.toString('latin1').split('\n')) if (text !== '') consumer.error(text)
    })
    void this.#tellEnd(errorEnd, consumer)
  }

  /** The exit, the last status line and the last line of standard error say why it has ended, in whichever order they come. */
  async #tellEnd(errorEnd: Promise<void>, consumer: ServerConsumer): Promise<void> {
    const { exit } = this.#process
    await Promise.race([exit, this.#statusEnd])
    const hasEnded = await settlesWithin(exit, REST_LIMIT)
    await settlesWithin(Promise.all([this.#statusEnd, errorEnd]), REST_LIMIT)
    consumer.end(hasEnded ? await exit : undefined)
  }

  /**
   * Ends the process, and the children that are still in its process group: those for which `started` was not written.
   *
   * @returns whether nothing is left that could write a status line.
   */
  async end(): Promise<boolean> {
    const { exit, stdout, stderr, terminate } = this.#process
    this.#socket.close()
    void terminate(0)
    const isOver = await settlesWithin(Promise.all([exit, this.#statusEnd]), END_LIMIT)
    stdout.destroy()
    stderr.destroy()
    return isOver
  }
}

/** Reads an output to its end. Resolves then. */
function readAll(output: Output, onData: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve) => {
    output.readBy({ data: onData, end: resolve, error: () => resolve() })
    output.resume()
  })
}
