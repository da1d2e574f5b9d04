import { constants } from 'node:fs'
import type { Socket } from 'node:net'
import type { SpawnOptions } from '../../transport/spawner.js'
import { type CLibrary, errorOf } from './c-library.js'
import { keepFreedMemory } from './freed-memory.js'
import { InputPipe } from './input-pipe.js'
import { enlargePipe } from './pipe-size.js'

const F_SETFD = 2
const F_GETFL = 3
const F_SETFL = 4
const FD_CLOEXEC = 1

/** What the standard input of a process is to be. */
export type InputOptions = Pick<SpawnOptions, 'stdin' | 'hasLargeInput'>

/** Shared by all calls: the two descriptors that pipe(2) returns, the reading end and the writing end. */
const pair = new Int32Array(2)

/** The pipes of a process that is being started: the child's ends and the parent's ends. */
export class StandardStreams {
  readonly #library: CLibrary
  /** What the process gets as its descriptors 0, 1 and 2. */
  readonly inherited: readonly [stdin: number, stdout: number, stderr: number]
  /** The writing end of its input; null where the input is no pipe. */
  stdin: Socket | null = null
  /** The reading ends of its outputs. */
  stdout = -1
  stderr = -1
  /** The child's ends. */
  readonly #childEnds: number[] = []

  /**
   * @param nullDevice - the input of a process that gets none.
   * @throws {Error} the system's, where it has no more descriptors; none is left open then.
   */
  constructor(library: CLibrary, input: InputOptions, nullDevice: number) {
    this.#library = library
    try {
      const output = this.#openPipe(1)
      this.stdout = pair[0] ?? -1
      const error = this.#openPipe(1)
      this.stderr = pair[0] ?? -1
      // A script may read its own output (/dev/stdout) and take bytes that poll(2) has reported: read(2) must
      // not block then. The child's ends stay blocking, as programs expect.
      library.fcntl(this.stdout, F_SETFL, 'int', constants.O_NONBLOCK)
      library.fcntl(this.stderr, F_SETFL, 'int', constants.O_NONBLOCK)
      this.inherited = [this.#openInput(input, nullDevice), output, error]
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Closes the child's ends in this process: while it holds them, its own ends never report the end. */
  closeChildEnds(): void {
    for (const descriptor of this.#childEnds.splice(0)) this.#library.close(descriptor)
  }

  /** Closes all, where no process was started. */
  close(): void {
    this.closeChildEnds()
    for (const descriptor of [this.stdout, this.stderr]) {
      if (descriptor !== -1) this.#library.close(descriptor)
    }
    this.stdin?.destroy()
  }

  #openInput({ stdin, hasLargeInput = false }: InputOptions, nullDevice: number): number {
    if (stdin === 'null') return nullDevice
    if (stdin !== 'pipe') {
      this.#makeBlocking(stdin)
      return stdin
    }
    const descriptor = this.#openPipe(0)
    const fd = pair[1] ?? -1
    if (hasLargeInput) {
      enlargePipe(this.#library, fd)
      keepFreedMemory(this.#library)
    }
    try {
      this.stdin = new InputPipe({ fd, readable: false, writable: true })
    } catch (error) {
      this.#library.close(fd)
      throw error
    }
    return descriptor
  }

  /** Programs expect that: accept(2) on a listening socket of Node.js would fail with EAGAIN. libuv does the same. */
  #makeBlocking(descriptor: number): void {
    const { fcntl } = this.#library
    const flags = fcntl(descriptor, F_GETFL, 'int', 0)
    // -1: posix_spawn(3) reports the error.
    if (flags === -1 || (flags & constants.O_NONBLOCK) === 0) return
    fcntl(descriptor, F_SETFL, 'int', flags & ~constants.O_NONBLOCK)
  }

  /**
   * Opens a close-on-exec pipe.
   *
   * @param end - which end is the child's: 0 to read from, 1 to write to.
   * @returns the child's end; the other is in `pair`.
   */
  #openPipe(end: 0 | 1): number {
    const { pipe, pipe2, fcntl, errno, layout } = this.#library
    const result = pipe2 === undefined ? pipe(pair) : pipe2(pair, layout.O_CLOEXEC)
    if (result !== 0) throw errorOf(errno(), 'pipe')
    if (pipe2 === undefined) {
      for (const descriptor of pair) fcntl(descriptor, F_SETFD, 'int', FD_CLOEXEC)
    }
    const descriptor = pair[end] ?? -1
    this.#childEnds.push(descriptor)
    return descriptor
  }
}
