import { AsyncResource } from 'node:async_hooks'
import { openSync } from 'node:fs'
import { availableParallelism, constants } from 'node:os'
import { CgiError } from '../../data/cgi-error.js'
import { toSystemError } from '../../data/system-error.js'
import type { ScriptExit } from '../../transport/transport.js'
import { type CLibrary, errorOf } from './c-library.js'
import { ChildReaper } from './child-reaper.js'
import { dependants } from '../dependants.js'
import { OutputPipe } from './output-pipe.js'
import { OutputPoller } from './output-poller.js'
import { accessDenied, mayStartProcesses } from '../permission.js'
import { describeProgram } from '../program.js'
import { shareInProcess } from '../shared.js'
import { createSpawnAttributes } from './spawn-attributes.js'
import { SpawnMemory } from './spawn-memory.js'
import type { ScriptProcess, Spawner, SpawnOptions } from '../../transport/spawner.js'
import { StandardStreams } from './standard-streams.js'
import { findUnfinishedStarts } from './unfinished-start.js'

/** How many threads libuv has for all: https://docs.libuv.org/en/v1.x/threadpool.html */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4

/**
 * How many processes are being started at once. The thread that starts one sleeps until the program is
 * loaded; more of them only take the processors from the scripts that run already. One thread is left to
 * the application.
 */
const MOST_STARTING = Math.max(1, Math.min(availableParallelism() + 1, THREADS - 1))

const NOTHING = new Int32Array(0)

/** How long a host that ends waits for a process that is being started, in milliseconds. */
const END_WITHIN = 50

/** A process that somebody waits for. */
interface Start {
  readonly options: SpawnOptions
  /** Where its output is to be heard: a thread that starts it, or another that ends, is somewhere else. */
  readonly scope: AsyncResource
  readonly resolve: (started: ScriptProcess) => void
  readonly reject: (error: unknown) => void
}

/**
 * Starts processes with posix_spawn(3), on libuv's threads. It shares the host's memory with the new
 * process until that has loaded its program, where fork(2) copies the tables of all of it: the time it
 * takes does not grow with the host, and the event loop is free meanwhile.
 */
export class PosixSpawner implements Spawner {
  readonly #library: CLibrary
  readonly #reaper: ChildReaper
  readonly #poller: OutputPoller
  readonly #attributes: Buffer
  /** What scripts without a body read from. */
  readonly #nullDevice = shareInProcess('null-device.1', () => openSync('/dev/null', 'r'))
  /** As many as may be starting, and those of them that are free. */
  readonly #memories: readonly SpawnMemory[]
  readonly #free: SpawnMemory[]
  readonly #waiting: Start[] = []

  constructor(library: CLibrary) {
    this.#library = library
    this.#reaper = shareInProcess('child-reaper.1', () => new ChildReaper(library))
    this.#poller = new OutputPoller(library)
    this.#attributes = createSpawnAttributes(library)
    const { addressOf, layout } = library
    this.#memories = Array.from(
      { length: MOST_STARTING },
      () => new SpawnMemory(addressOf, layout.fileActionsSize),
    )
    this.#free = [...this.#memories]
  }

  /**
   * Starts a process, to see whether that works here.
   *
   * @throws {Error} where it does not.
   */
  check(): void {
    const [memory] = this.#memories
    if (memory === undefined) return
    const { posix_spawn, waitpid, posix_spawn_file_actions_destroy } = this.#library
    memory.write({ command: ['/bin/sh', '-c', 'exit 7'], environment: {}, cwd: '/' })
    this.#prepare(memory, [this.#nullDevice, this.#nullDevice, this.#nullDevice])
    const { pid, path, actions, argv, envp } = memory.addresses
    const result = posix_spawn(pid, path, actions, this.#attributes, argv, envp)
    posix_spawn_file_actions_destroy(actions)
    // Without a shell, it has at least said so.
    if (result === constants.errno.ENOENT) return
    if (result !== 0) throw errorOf(result, 'posix_spawn')
    const status = new Int32Array(1)
    waitpid(memory.startedPid, status, 0)
    if (status[0] !== 7 << 8) throw new Error(`posix_spawn does not do as it should (${status[0]})`)
  }

  spawn(options: SpawnOptions): Promise<ScriptProcess> {
    return new Promise((resolve, reject) => {
      const scope = new AsyncResource('CommonGatewayScript')
      const start = { options, scope, resolve, reject }
      const memory = this.#free.pop()
      if (memory === undefined) this.#wait(start)
      else this.#start(start, memory)
    })
  }

  /** A start that nobody wants any more leaves the queue: what it waits for may never come. */
  #wait(start: Start): void {
    this.#waiting.push(start)
    start.options.signal?.addEventListener('abort', () => {
      const index = this.#waiting.indexOf(start)
      if (index === -1) return
      this.#waiting.splice(index, 1)
      start.reject(new CgiError('CGI_ERR_CLIENT_GONE'))
    })
  }

  #start(start: Start, memory: SpawnMemory): void {
    const { options } = start
    let streams: StandardStreams | undefined
    try {
      if (!mayStartProcesses()) throw accessDenied()
      streams = new StandardStreams(this.#library, options, this.#nullDevice)
      memory.write(options)
      this.#load(start, memory, streams)
    } catch (error) {
      this.#fail(start, streams, error)
      this.#startNext(memory)
    }
  }

  /** Has the program loaded on another thread, which sleeps meanwhile. */
  #load(start: Start, memory: SpawnMemory, streams: StandardStreams): void {
    const { posix_spawn, posix_spawn_file_actions_destroy } = this.#library
    this.#prepare(memory, streams.inherited)
    const { pid, actions, path, argv, envp } = memory.addresses
    const starting = { pid: undefined, kill: () => this.#killStarting(memory) }
    posix_spawn.async(pid, path, actions, this.#attributes, argv, envp, (error, result) => {
      dependants.remove(starting)
      posix_spawn_file_actions_destroy(actions)
      if (error !== null) this.#fail(start, streams, error)
      else if (result !== 0) this.#fail(start, streams, errorOf(result, 'posix_spawn'))
      else start.resolve(this.#attend(memory.startedPid, streams, start.scope))
      this.#startNext(memory)
    })
    dependants.add(starting)
  }

  #fail({ options, reject }: Start, streams: StandardStreams | undefined, error: unknown): void {
    streams?.close()
    reject(toSystemError(error, describeProgram(options.command[0])))
  }

  #startNext(memory: SpawnMemory): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(memory)
    else next.scope.runInAsyncScope(() => this.#start(next, memory))
  }

  /** What is done for a process from its start to its end. */
  #attend(pid: number, streams: StandardStreams, scope: AsyncResource): ScriptProcess {
    const library = this.#library
    // Before anything is read.
    streams.closeTheirs()
    const stdout = new OutputPipe(streams.stdout, library, scope)
    const stderr = new OutputPipe(streams.stderr, library, scope)
    const readTheRest = this.#poller.add([stdout, stderr])
    const exit = new Promise<ScriptExit>((resolve) => {
      this.#reaper.expect(pid, (each) => {
        resolve(each)
        // First they hear how it ended.
        queueMicrotask(readTheRest)
      })
    })
    return {
      pid,
      stdin: streams.stdin,
      stdout,
      stderr,
      exit,
      signalGroup: (signal) =>
        library.kill(-pid, signal === 0 ? signal : constants.signals[signal]) === 0,
    }
  }

  /** Says what becomes of descriptors and folder. */
  #prepare(memory: SpawnMemory, descriptors: readonly number[]): void {
    const library = this.#library
    const { actions, folder } = memory.addresses
    check(library.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init')
    // None is below 3, where another would be overwritten: Node opens those that it was started without.
    for (const [index, descriptor] of descriptors.entries()) {
      const result = library.posix_spawn_file_actions_adddup2(actions, descriptor, index)
      check(result, 'posix_spawn_file_actions_adddup2')
    }
    check(library.posix_spawn_file_actions_addchdir_np(actions, folder), 'chdir')
    // All of ours close by themselves; what the application has opened may not.
    library.posix_spawn_file_actions_addclosefrom_np?.(actions, descriptors.length)
  }

  /** A host that ends leaves no script behind that is just being started, on a thread of its own. */
  #killStarting(memory: SpawnMemory): void {
    const { poll, kill } = this.#library
    for (let round = 0; memory.startedPid === 0 && round < END_WITHIN; round += 1) {
      poll(NOTHING, 0, 1)
    }
    const { SIGKILL } = constants.signals
    if (memory.startedPid !== 0) kill(-memory.startedPid, SIGKILL)
    else for (const pid of findUnfinishedStarts()) kill(pid, SIGKILL)
  }
}

function check(result: number, call: string): void {
  if (result !== 0) throw errorOf(result, call)
}
