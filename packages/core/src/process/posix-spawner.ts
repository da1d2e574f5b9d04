import { closeSync, constants as fileConstants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { availableParallelism, constants } from 'node:os'
import { toSystemError } from '../system-error.js'
import type { ScriptExit } from '../transport.js'
import { type CLibrary, toErrno } from './c-library.js'
import { ChildReaper } from './child-reaper.js'
import { OutputPipe } from './output-pipe.js'
import { OutputPoller } from './output-poller.js'
import { describeProgram } from './program.js'
import { SpawnMemory } from './spawn-memory.js'
import type { ScriptProcess, Spawner, SpawnOptions } from './spawner.js'

const F_SETFD = 2
const F_SETFL = 4
const FD_CLOEXEC = 1

/**
 * How many processes are being started at once. The thread that starts one sleeps until the program is
 * loaded; more of them than this only take the processors from the scripts that run already.
 */
const MOST_STARTING = availableParallelism() + 1

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
  readonly #waiting: ((memory: SpawnMemory) => void)[] = []

  constructor(library: CLibrary) {
    this.#library = library
    this.#reaper = new ChildReaper(library)
    this.#poller = new OutputPoller(library)
    this.#attributes = createAttributes(library)
    const { addressOf, layout } = library
    this.#memories = Array.from(
      { length: MOST_STARTING },
      () => new SpawnMemory(addressOf, layout.fileActionsSize),
    )
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
    const openOutput = (): Pipe => {
      const pipe = this.#openPipe()
      ours.push(pipe.readEnd)
      theirs.push(pipe.writeEnd)
      // A script can open its output to read it (/dev/stdout), and take away what we have seen there. The
      // other end is left alone: programs write as if it could wait.
      fcntl(pipe.readEnd, F_SETFL, 'int', fileConstants.O_NONBLOCK)
      return pipe
    }
    try {
      const stdout = openOutput()
      const stderr = openOutput()
      let input = this.#nullDevice
      if (options.stdin === 'pipe') {
        const pipe = this.#openPipe()
        theirs.push(pipe.readEnd)
        stdin = new Socket({ fd: pipe.writeEnd, readable: false, writable: true })
        input = pipe.readEnd
      } else if (options.stdin !== 'null') {
        input = options.stdin
      }
      memory.fill(options)
      await this.#start(memory, [input, stdout.writeEnd, stderr.writeEnd])
      // Before anything is read: who holds an end of his own never sees the other's.
      for (const descriptor of theirs.splice(0)) close(descriptor)
      return this.#attend(memory.startedPid, stdin, stdout.readEnd, stderr.readEnd)
    } catch (error) {
      for (const descriptor of ours) close(descriptor)
      stdin?.destroy()
      throw error
    } finally {
      for (const descriptor of theirs) close(descriptor)
    }
  }

  /** What is done for a process from its start to its end. */
  #attend(pid: number, stdin: Socket | null, stdout: number, stderr: number): ScriptProcess {
    const library = this.#library
    const output = new OutputPipe(stdout, library)
    const diagnostics = new OutputPipe(stderr, library)
    const readTheRest = this.#poller.add([output, diagnostics])
    const exit = new Promise<ScriptExit>((resolve) => {
      this.#reaper.expect(pid, (each) => {
        readTheRest()
        resolve(each)
      })
    })
    return {
      pid,
      stdin,
      stdout: output,
      stderr: diagnostics,
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
    if (result !== 0) throw toErrno(errno(), 'pipe')
    if (pipe2 === undefined) {
      for (const descriptor of descriptors) fcntl(descriptor, F_SETFD, 'int', FD_CLOEXEC)
    }
    return { readEnd: descriptors[0] ?? -1, writeEnd: descriptors[1] ?? -1 }
  }

  /** Resolves as soon as the process has loaded its program. */
  #start(memory: SpawnMemory, descriptors: readonly number[]): Promise<void> {
    const library = this.#library
    const { pid, actions, path, folder, argv, envp } = memory.addresses
    library.posix_spawn_file_actions_init(actions)
    descriptors.forEach((descriptor, index) => {
      library.posix_spawn_file_actions_adddup2(actions, descriptor, index)
    })
    library.posix_spawn_file_actions_addchdir_np(actions, folder)
    // All of ours close by themselves; what the application has opened may not.
    library.posix_spawn_file_actions_addclosefrom_np?.(actions, descriptors.length)
    return new Promise((resolve, reject) => {
      const attributes = this.#attributes
      library.posix_spawn.async(pid, path, actions, attributes, argv, envp, (error, result) => {
        library.posix_spawn_file_actions_destroy(actions)
        if (error !== null) reject(error)
        else if (result !== 0) reject(toErrno(result, 'posix_spawn'))
        else resolve()
      })
    })
  }
}

/** The same for all processes: signals as a new program expects them, and a group of its own. */
function createAttributes(library: CLibrary): Buffer {
  const { layout } = library
  const attributes = Buffer.alloc(layout.attributesSize)
  library.posix_spawnattr_init(attributes)
  // Node ignores SIGPIPE, which programs would inherit. Each bit is a signal; sigfillset(3) leaves out the
  // C library's own, which posix_spawn(3) would have the program ignore then.
  const all = Buffer.alloc(layout.signalSetSize, 0xff)
  library.posix_spawnattr_setsigdefault(attributes, all)
  const none = Buffer.alloc(layout.signalSetSize)
  library.posix_spawnattr_setsigmask(attributes, none)
  library.posix_spawnattr_setpgroup(attributes, 0)
  const group = hasTerminal() ? layout.POSIX_SPAWN_SETSID : layout.POSIX_SPAWN_SETPGROUP
  library.posix_spawnattr_setflags(
    attributes,
    group |
      layout.POSIX_SPAWN_SETSIGDEF |
      layout.POSIX_SPAWN_SETSIGMASK |
      layout.POSIX_SPAWN_CLOEXEC_DEFAULT,
  )
  return attributes
}

/**
 * Whether the host has a terminal that a script could ask a person on (git does, and ssh). It must not,
 * so then it gets a session of its own. Where there is no terminal, a process group will do, and is
 * better: Linux shares a processor among sessions first (`sched_autogroup`), and with each script in one
 * of its own, as many as are being started leave those that want to end waiting for 100 ms and more.
 */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // ENXIO: it has none.
    return false
  }
}
