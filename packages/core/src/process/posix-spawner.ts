import { constants as fileConstants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { availableParallelism, constants } from 'node:os'
import { toSystemError } from '../system-error.js'
import type { ScriptExit } from '../transport.js'
import { type CLibrary, errorOf } from './c-library.js'
import { ChildReaper } from './child-reaper.js'
import { OutputPipe } from './output-pipe.js'
import { OutputPoller } from './output-poller.js'
import { describeProgram } from './program.js'
import { createSpawnAttributes } from './spawn-attributes.js'
import { SpawnMemory } from './spawn-memory.js'
import type { ScriptProcess, Spawner, SpawnOptions } from './spawner.js'

const F_SETFD = 2
const F_SETFL = 4
const FD_CLOEXEC = 1

/** How many threads libuv has for all: https://docs.libuv.org/en/v1.x/threadpool.html */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4

/**
 * How many processes are being started at once. The thread that starts one sleeps until the program is
 * loaded; more of them only take the processors from the scripts that run already. One thread is left to
 * the application.
 */
const MOST_STARTING = Math.max(1, Math.min(availableParallelism() + 1, THREADS - 1))

/** How long a host that exits waits for processes that are being started, in milliseconds. */
const EXIT_WITHIN = 50

interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
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
  readonly #nullDevice = openSync('/dev/null', 'r')
  readonly #descriptors = new Int32Array(2)
  /** As many as may be starting. */
  readonly #memories: SpawnMemory[]
  readonly #starting = new Set<SpawnMemory>()
  readonly #waiting: ((memory: SpawnMemory) => void)[] = []

  constructor(library: CLibrary) {
    this.#library = library
    this.#reaper = new ChildReaper(library)
    this.#poller = new OutputPoller(library)
    this.#attributes = createSpawnAttributes(library)
    const { addressOf, layout } = library
    this.#memories = Array.from(
      { length: MOST_STARTING },
      () => new SpawnMemory(addressOf, layout.fileActionsSize),
    )
    process.on('exit', () => this.#killStarting())
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

  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const memory =
      this.#memories.pop() ??
      (await new Promise<SpawnMemory>((resolve) => this.#waiting.push(resolve)))
    try {
      return await this.#spawn(options, memory)
    } catch (error) {
      throw toSystemError(error, describeProgram(options.command[0]))
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#memories.push(memory)
      else next(memory)
    }
  }

  async #spawn(options: SpawnOptions, memory: SpawnMemory): Promise<ScriptProcess> {
    const { close, fcntl } = this.#library
    const ours: number[] = []
    const theirs: number[] = []
    let stdin: Socket | null = null
    const openOutput = (): number => {
      const { readEnd, writeEnd } = this.#openPipe()
      ours.push(readEnd)
      theirs.push(writeEnd)
      // A script can open its output to read it (/dev/stdout), and take away what we have seen there. The
      // other end is left alone: programs write as if it could wait.
      fcntl(readEnd, F_SETFL, 'int', fileConstants.O_NONBLOCK)
      return writeEnd
    }
    try {
      const outputs = [openOutput(), openOutput()]
      let input = this.#nullDevice
      if (options.stdin === 'pipe') {
        const { readEnd, writeEnd } = this.#openPipe()
        theirs.push(readEnd)
        ours.push(writeEnd)
        stdin = new Socket({ fd: writeEnd, readable: false, writable: true })
        // The socket closes it.
        ours.pop()
        input = readEnd
      } else if (options.stdin !== 'null') {
        input = options.stdin
      }
      memory.write(options)
      await this.#start(memory, [input, ...outputs])
    } catch (error) {
      for (const descriptor of ours) close(descriptor)
      stdin?.destroy()
      throw error
    } finally {
      // Before anything is read: who holds an end of his own never sees the other's.
      for (const descriptor of theirs) close(descriptor)
    }
    const [stdout = -1, stderr = -1] = ours
    return this.#attend(memory.startedPid, stdin, stdout, stderr)
  }

  /** What is done for a process from its start to its end. */
  #attend(pid: number, stdin: Socket | null, stdout: number, stderr: number): ScriptProcess {
    const library = this.#library
    const output = new OutputPipe(stdout, library)
    const standardError = new OutputPipe(stderr, library)
    const readTheRest = this.#poller.add([output, standardError])
    const exit = new Promise<ScriptExit>((resolve) => {
      this.#reaper.expect(pid, (each) => {
        resolve(each)
        readTheRest()
      })
    })
    return {
      pid,
      stdin,
      stdout: output,
      stderr: standardError,
      exit,
      signalGroup: (signal) =>
        library.kill(-pid, signal === 0 ? signal : constants.signals[signal]) === 0,
    }
  }

  /** A pipe that no other process inherits. */
  #openPipe(): Pipe {
    const { pipe, pipe2, fcntl, errno, layout } = this.#library
    const descriptors = this.#descriptors
    const result = pipe2 === undefined ? pipe(descriptors) : pipe2(descriptors, layout.O_CLOEXEC)
    if (result !== 0) throw errorOf(errno(), 'pipe')
    if (pipe2 === undefined) {
      for (const descriptor of descriptors) fcntl(descriptor, F_SETFD, 'int', FD_CLOEXEC)
    }
    return { readEnd: descriptors[0] ?? -1, writeEnd: descriptors[1] ?? -1 }
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

  /** Resolves as soon as the process has loaded its program. */
  async #start(memory: SpawnMemory, descriptors: readonly number[]): Promise<void> {
    const { posix_spawn, posix_spawn_file_actions_destroy } = this.#library
    this.#prepare(memory, descriptors)
    const { pid, actions, path, argv, envp } = memory.addresses
    this.#starting.add(memory)
    try {
      const result = await new Promise<number>((resolve, reject) => {
        posix_spawn.async(pid, path, actions, this.#attributes, argv, envp, (error, each) => {
          if (error === null) resolve(each)
          else reject(error)
        })
      })
      check(result, 'posix_spawn')
    } finally {
      this.#starting.delete(memory)
      posix_spawn_file_actions_destroy(actions)
    }
  }

  /** A host that exits leaves no script behind that is just being started, on a thread of its own. */
  #killStarting(): void {
    const { poll, kill } = this.#library
    for (const memory of this.#starting) {
      for (let round = 0; memory.startedPid === 0 && round < EXIT_WITHIN; round += 1) {
        poll(this.#descriptors, 0, 1)
      }
      if (memory.startedPid !== 0) kill(-memory.startedPid, constants.signals.SIGKILL)
    }
  }
}

function check(result: number, call: string): void {
  if (result !== 0) throw errorOf(result, call)
}
