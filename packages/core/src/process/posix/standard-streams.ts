import { constants } from 'node:fs'
import { Socket } from 'node:net'
import { type CLibrary, errorOf } from './c-library.js'
import { enlargePipe } from './pipe-size.js'
import type { SpawnOptions } from '../../transport/spawner.js'

const F_SETFD = 2
const F_SETFL = 4
const FD_CLOEXEC = 1

/** What is said of the input. */
type InputOptions = Pick<SpawnOptions, 'stdin' | 'hasLargeInput'>

/** One for all: what pipe(2) has answered. */
const pair = new Int32Array(2)

/** Input and outputs of a process that is being started: the ends that it gets, and ours. */
export class StandardStreams {
  readonly #library: CLibrary
  /** What the process is to have as its descriptors 0, 1 and 2. */
  readonly inherited: readonly number[]
  /** Where its input is written to; null where that is no pipe. */
  stdin: Socket | null = null
  /** Where its outputs are read from. */
  stdout = -1
  stderr = -1
  /** Ends that are the process's alone. */
  readonly #theirs: number[] = []

  /**
   * @param nullDevice - what a process reads from that gets no input.
   * @throws {Error} the system's, where it has no more descriptors to give; none is left open then.
   */
  constructor(library: CLibrary, input: InputOptions, nullDevice: number) {
    this.#library = library
    try {
      const output = this.#openPipe(1)
      this.stdout = pair[0] ?? -1
      const error = this.#openPipe(1)
      this.stderr = pair[0] ?? -1
      // A script can open its output to read it (/dev/stdout), and take away what we have seen there. The
      // other end is left alone: programs write as if it could wait.
      library.fcntl(this.stdout, F_SETFL, 'int', constants.O_NONBLOCK)
      library.fcntl(this.stderr, F_SETFL, 'int', constants.O_NONBLOCK)
      this.inherited = [this.#openInput(input, nullDevice), output, error]
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The process has its ends, or is not to have them: who holds an end of his own never sees the other's. */
  closeTheirs(): void {
    for (const descriptor of this.#theirs.splice(0)) this.#library.close(descriptor)
  }

  /** There will be no process. */
  close(): void {
    this.closeTheirs()
    for (const descriptor of [this.stdout, this.stderr]) {
      if (descriptor !== -1) this.#library.close(descriptor)
    }
    this.stdin?.destroy()
  }

  #openInput({ stdin, hasLargeInput = false }: InputOptions, nullDevice: number): number {
    if (stdin === 'null') return nullDevice
    if (stdin !== 'pipe') return stdin
    const descriptor = this.#openPipe(0)
    const fd = pair[1] ?? -1
    if (hasLargeInput) enlargePipe(this.#library, fd)
    try {
      this.stdin = new Socket({ fd, readable: false, writable: true })
    } catch (error) {
      this.#library.close(fd)
      throw error
    }
    return descriptor
  }

  /** A pipe that no other process inherits. @returns the end that is the process's. */
  #openPipe(end: 0 | 1): number {
    const { pipe, pipe2, fcntl, errno, layout } = this.#library
    const result = pipe2 === undefined ? pipe(pair) : pipe2(pair, layout.O_CLOEXEC)
    if (result !== 0) throw errorOf(errno(), 'pipe')
    if (pipe2 === undefined) {
      for (const descriptor of pair) fcntl(descriptor, F_SETFD, 'int', FD_CLOEXEC)
    }
    const descriptor = pair[end] ?? -1
    this.#theirs.push(descriptor)
    return descriptor
  }
}
