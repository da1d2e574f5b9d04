import { AsyncResource } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { CgiError } from '../../data/cgi-error.js'
import { PID_AFTER_START } from '../../data/grace-periods.js'
import { toSystemError } from '../../data/system-error.js'
import type { ScriptProcess, Spawner, SpawnOptions } from '../../transport/spawner.js'
import type { ScriptExit } from '../../transport/transport.js'
import { dependants } from '../dependants.js'
import { accessDenied, mayStartProcesses } from '../permission.js'
import { describeProgram } from '../program.js'
import { shareInProcess } from '../shared.js'
import { type CLibrary, errorOf } from './c-library.js'
import { ChildReaper } from './child-reaper.js'
import { initialSizeIn, maxConcurrentStarts } from './concurrent-starts.js'
import { PipeReader, ProcessPipes } from './process-pipes.js'
import { createSpawnAttributes } from './spawn-attributes.js'
import { SpawnCall } from './spawn-call.js'
import { findUnfinishedStarts } from './unfinished-start.js'

const MAX_CONCURRENT_STARTS = maxConcurrentStarts({
  size: process.env['UV_THREADPOOL_SIZE'],
  initialSize: readInitialSize(),
  processors: availableParallelism(),
})

const NO_DESCRIPTORS = new Int32Array(0)

/** A process that is to be started. */
interface Start {
  readonly options: SpawnOptions
  /** The async context in which the readers of the output are called. */
  readonly scope: AsyncResource
  readonly resolve: (started: ScriptProcess) => void
  readonly reject: (error: unknown) => void
}

/**
 * Starts processes with posix_spawn(3), on libuv's threads. The new process shares the application's memory
 * until it has loaded its program, where fork(2) copies the page tables: the time it takes does not grow with
 * the application, and the event loop is not blocked. README.md in this folder follows one process.
 */
export class PosixSpawner implements Spawner {
  readonly #library: CLibrary
  readonly #reaper: ChildReaper
  readonly #pipeReader: PipeReader
  /** The calls that start no process now. */
  readonly #idleCalls: SpawnCall[]
  readonly #queue: Start[] = []

  constructor(library: CLibrary) {
    this.#library = library
    this.#pipeReader = new PipeReader(library)
    this.#reaper = shareInProcess('child-reaper.2', () => new ChildReaper(library))
    const attributes = createSpawnAttributes(library)
    this.#idleCalls = Array.from(
      { length: MAX_CONCURRENT_STARTS },
      () => new SpawnCall(library, attributes),
    )
  }

  /**
   * Starts a process and waits for it, to check that posix_spawn works here. For use before any other start.
   *
   * @throws {Error} where it does not work.
   */
  check(): void {
    const [call] = this.#idleCalls
    if (call === undefined) return
    const { nullDevice } = this.#pipeReader
    call.prepare({ command: ['/bin/sh', '-c', 'exit 7'], environment: {}, cwd: '/' }, [
      nullDevice,
      nullDevice,
      nullDevice,
    ])
    const errno = call.runSync()
    // There is no shell here, but the call has worked.
    if (errno === constants.errno.ENOENT) return
    if (errno !== 0) throw errorOf(errno, 'posix_spawn')
    const status = new Int32Array(1)
    this.#library.waitpid(call.pid, status, 0)
    if (status[0] !== 7 << 8)
      throw new Error(`posix_spawn started a process with the wrong status (${status[0]})`)
  }

  spawn(options: SpawnOptions): Promise<ScriptProcess> {
    return new Promise((resolve, reject) => {
      const scope = new AsyncResource('CommonGatewayScript')
      const start = { options, scope, resolve, reject }
      const call = this.#idleCalls.pop()
      if (call === undefined) this.#enqueue(start)
      else if (!this.#start(start, call)) this.#startNext(call)
    })
  }

  /** An aborted start leaves the queue: the starts before it may hang, in a file system that does not answer. */
  #enqueue(start: Start): void {
    this.#queue.push(start)
    start.options.signal?.addEventListener('abort', () => {
      const index = this.#queue.indexOf(start)
      if (index === -1) return
      this.#queue.splice(index, 1)
      start.reject(new CgiError('CGI_ERR_CLIENT_GONE'))
    })
  }

  /** Returns whether the call is in use now; otherwise the start has failed. */
  #start(start: Start, call: SpawnCall): boolean {
    const { options } = start
    let pipes: ProcessPipes | undefined
    try {
      if (!mayStartProcesses()) throw accessDenied()
      pipes = new ProcessPipes(this.#pipeReader, options, start.scope)
      call.prepare(options, pipes.inherited)
      this.#run(start, call, pipes)
      return true
    } catch (error) {
      this.#fail(start, pipes, error)
      return false
    }
  }

  #run(start: Start, call: SpawnCall, pipes: ProcessPipes): void {
    const starting = { pid: undefined, kill: () => this.#killStarting(call) }
    call.run((error, errno) => {
      dependants.remove(starting)
      if (error !== null) this.#fail(start, pipes, error)
      else if (errno !== 0) this.#fail(start, pipes, errorOf(errno, 'posix_spawn'))
      else start.resolve(this.#track(call.pid, pipes))
      this.#startNext(call)
    })
    dependants.add(starting)
  }

  #fail({ options, reject }: Start, pipes: ProcessPipes | undefined, error: unknown): void {
    pipes?.close()
    reject(toSystemError(error, describeProgram(options.command[0])))
  }

  /** A loop, not a recursion: without free descriptors, all starts of a long queue fail at once. */
  #startNext(call: SpawnCall): void {
    while (this.#queue.length > 0) {
      const next = this.#queue.shift()
      if (next?.scope.runInAsyncScope(() => this.#start(next, call)) === true) return
    }
    this.#idleCalls.push(call)
  }

  /** Reads the output of a process that was started, and waits for its exit. */
  #track(pid: number, pipes: ProcessPipes): ScriptProcess {
    const exit = new Promise<ScriptExit>((resolve) => this.#reaper.expect(pid, resolve))
    return pipes.adopt(pid, exit, () => this.#reaper.unref(pid))
  }

  /** Kills a process that another thread is starting, when the application exits. */
  #killStarting(call: SpawnCall): void {
    const { poll, kill } = this.#library
    // poll(2) without descriptors sleeps, here for 1 ms.
    for (let waited = 0; call.pid === 0 && waited < PID_AFTER_START; waited += 1) {
      poll(NO_DESCRIPTORS, 0, 1)
    }
    const { SIGKILL } = constants.signals
    if (call.pid !== 0) kill(-call.pid, SIGKILL)
    else for (const pid of findUnfinishedStarts()) kill(pid, SIGKILL)
  }
}

function readInitialSize(): string | undefined {
  try {
    return initialSizeIn(readFileSync('/proc/self/environ', 'latin1'))
  } catch {
    // Not Linux.
    return undefined
  }
}
