import { AsyncResource } from 'node:async_hooks'
import { openSync } from 'node:fs'
import { constants } from 'node:os'
import type { ScriptProcess } from '../../transport/spawner.js'
import type { ScriptExit } from '../../transport/transport.js'
import { accessDenied, mayStartProcesses } from '../permission.js'
import { shareInProcess } from '../shared.js'
import { type CLibrary, loadCLibrary } from './c-library.js'
import { OutputPipe } from './output-pipe.js'
import { OutputPoller } from './output-poller.js'
import { type InputOptions, StandardStreams } from './standard-streams.js'

/** What the pipes of all processes share. */
export class PipeReader {
  readonly library: CLibrary
  readonly poller: OutputPoller
  /** The standard input of scripts without a body. */
  readonly nullDevice = shareInProcess('null-device.1', () => openSync('/dev/null', 'r'))

  /** @throws {Error} with Bun. */
  constructor(library: CLibrary) {
    // Its net.Socket ends at once on the descriptor of a pipe.
    if ('bun' in process.versions) throw new Error('Bun cannot read the pipes')
    this.library = library
    this.poller = new OutputPoller(library)
  }
}

/** The standard streams of a process that is being started. */
export class ProcessPipes {
  readonly #reader: PipeReader
  readonly #streams: StandardStreams
  readonly #scope: AsyncResource

  /**
   * @param scope - the async context in which the readers of the output are called.
   * @throws {Error} the system's, where it has no more descriptors.
   */
  constructor(reader: PipeReader, input: InputOptions, scope: AsyncResource) {
    this.#reader = reader
    this.#scope = scope
    this.#streams = new StandardStreams(reader.library, input, reader.nullDevice)
  }

  /** The descriptors that the process gets as 0, 1 and 2. */
  get inherited(): readonly [stdin: number, stdout: number, stderr: number] {
    return this.#streams.inherited
  }

  /** Closes the process's ends here, once it has its copies: while they are open here, its output has no end. */
  closeChildEnds(): void {
    this.#streams.closeChildEnds()
  }

  /**
   * Reads the output of the process that was started. Closes the process's ends here.
   *
   * @param pid - leads a process group of its own.
   * @param exit - resolves when the process has ended; must not reject.
   * @param unref - lets the event loop end before `exit` resolves.
   */
  adopt(pid: number, exit: Promise<ScriptExit>, unref?: () => void): ScriptProcess {
    const { library, poller } = this.#reader
    const streams = this.#streams
    // First: a pipe has no end for its reader while this process holds the child's end.
    streams.closeChildEnds()
    const stdout = new OutputPipe(streams.stdout, library, this.#scope)
    const stderr = new OutputPipe(streams.stderr, library, this.#scope)
    const readRest = poller.add([stdout, stderr])
    // After the callbacks of the exit, which should know it when the output ends.
    void exit.then(() => queueMicrotask(readRest))
    return {
      pid,
      stdin: streams.stdin,
      stdout,
      stderr,
      exit,
      signalGroup: (signal) =>
        library.kill(-pid, signal === 0 ? signal : constants.signals[signal]) === 0,
      unref: () => {
        stdout.unref()
        stderr.unref()
        unref?.()
      },
    }
  }

  /** Closes all, where no process was started. */
  close(): void {
    this.#streams.close()
  }
}

let shared: PipeReader | undefined

/**
 * Opens the pipes of a process that another process starts for this one, such as a fork server. Its output is read as
 * that of any script.
 *
 * @throws {Error} the system's, where it has no more descriptors; ERR_ACCESS_DENIED where the permission model forbids
 *   child processes; where the package koffi cannot be loaded; with Bun.
 */
export function openProcessPipes(input: InputOptions): ProcessPipes {
  if (!mayStartProcesses()) throw accessDenied()
  shared ??= new PipeReader(loadCLibrary())
  return new ProcessPipes(shared, input, new AsyncResource('CommonGatewayScript'))
}
