import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { toSystemError } from '../system-error.js'
import type { ScriptExit } from '../transport.js'
import { type CLibrary, toErrno } from './c-library.js'
import { ChildReaper } from './child-reaper.js'
import { OutputPipe } from './output-pipe.js'
import { OutputPoller } from './output-poller.js'
import { createPointerArray } from './pointer-array.js'
import { describeProgram } from './program.js'
import type { ScriptProcess, Spawner, SpawnOptions } from './spawner.js'

const F_SETFD = 2
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
  readonly #waiting: (() => void)[] = []
  #starting = 0

  constructor(library: CLibrary) {
    this.#library = library
    this.#reaper = new ChildReaper(library)
    this.#poller = new OutputPoller(library)
    this.#attributes = createAttributes(library)
  }

  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    if (this.#starting >= MOST_STARTING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#starting += 1
    }
    try {
      return await this.#spawn(options)
    } catch (error) {
      throw toSystemError(error, describeProgram(options.command[0]))
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#starting -= 1
      else next()
    }
  }

  async #spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const opened: number[] = []
    const handedOver: number[] = []
    const open = (): Pipe => {
      const pipe = this.#openPipe()
      opened.push(pipe.readEnd, pipe.writeEnd)
      return pipe
    }
    try {
      const [stdout, stderr] = [open(), open()]
      handedOver.push(stdout.writeEnd, stderr.writeEnd)
      let stdin: Pipe | undefined
      let input = this.#nullDevice
      if (options.stdin === 'pipe') {
        stdin = open()
        handedOver.push(stdin.readEnd)
        input = stdin.readEnd
      } else if (options.stdin !== 'null') {
        input = options.stdin
      }
      const pid = await this.#start(options, [input, stdout.writeEnd, stderr.writeEnd])
      opened.length = 0
      return this.#attend(pid, stdin?.writeEnd, stdout.readEnd, stderr.readEnd)
    } finally {
      for (const descriptor of new Set([...opened, ...handedOver])) this.#library.close(descriptor)
    }
  }

  /** What is done for a process from its start to its end. */
  #attend(pid: number, stdin: number | undefined, stdout: number, stderr: number): ScriptProcess {
    const output = new OutputPipe(stdout, this.#library)
    const diagnostics = new OutputPipe(stderr, this.#library)
    const readTheRest = this.#poller.add([output, diagnostics])
    const exit = new Promise<ScriptExit>((resolve) => {
      this.#reaper.expect(pid, (each) => {
        readTheRest()
        resolve(each)
      })
    })
    return {
      pid,
      stdin:
        stdin === undefined ? null : new Socket({ fd: stdin, readable: false, writable: true }),
      stdout: output,
      stderr: diagnostics,
      exit,
    }
  }

  /** A pipe that no other process inherits. */
  #openPipe(): Pipe {
    const { pipe, pipe2, fcntl, errno, layout } = this.#library
    const descriptors = this.#descriptors
    const result = pipe2 === undefined ? pipe(descriptors) : pipe2(descriptors, layout.O_CLOEXEC)
    if (result !== 0) throw toErrno(errno(), 'pipe')
    const [readEnd = -1, writeEnd = -1] = descriptors
    if (pipe2 === undefined) {
      for (const descriptor of descriptors) fcntl(descriptor, F_SETFD, 'int', FD_CLOEXEC)
    }
    return { readEnd, writeEnd }
  }

  /** @returns the pid, as soon as the process has loaded its program. */
  #start(options: SpawnOptions, descriptors: readonly number[]): Promise<number> {
    const library = this.#library
    const { addressOf } = library
    const { command, environment, cwd } = options
    const variables: string[] = []
    for (const name in environment) variables.push(`${name}=${environment[name]}`)
    // All of this is referred to until the call is over, below.
    const memory = {
      pid: new Int32Array(1),
      path: toCString(Buffer.from(command[0], 'latin1')),
      folder: toCString(Buffer.from(cwd)),
      actions: Buffer.alloc(library.layout.fileActionsSize),
      argv: createPointerArray(command, addressOf),
      envp: createPointerArray(variables, addressOf),
    }
    const { pid, path, folder, actions, argv, envp } = memory
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
        library.posix_spawn_file_actions_destroy(memory.actions)
        if (error !== null) reject(error)
        else if (result !== 0) reject(toErrno(result, 'posix_spawn'))
        else resolve(memory.pid[0] ?? 0)
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

function toCString(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)])
}
