import { AsyncResource } from 'node:async_hooks'
import type { CLibrary } from './c-library.js'
import type { OutputPipe } from './output-pipe.js'

const POLLIN = 0x01
const POLLERR = 0x08
const POLLHUP = 0x10

/**
 * How often new processes are looked at, in milliseconds. What they have written is read at the second
 * look: by then most have ended, and their answer is whole.
 */
const LOOK_EVERY = 2
/** How long they are new, in milliseconds: most that are not meant to last have ended by then. */
const NEW_FOR = 100

/** How long an end of output may come after that of its process, in milliseconds. */
const END_WITHIN = 20

interface NewProcess {
  readonly pipes: readonly OutputPipe[]
  hasEnded: boolean
  /** When libuv is to read on, by `performance.now()`. */
  watchAt: number
}

/**
 * Reads the output of processes that have just been started, all of them by one system call, every
 * 2 ms. Those that last are handed to libuv.
 */
export class OutputPoller {
  readonly #library: CLibrary
  readonly #processes = new Set<NewProcess>()
  /** Those that had something to be read at the last look. */
  readonly #seen = new WeakSet<OutputPipe>()
  /** No request's: it would be kept for as long as there are others. */
  readonly #scope = new AsyncResource('CommonGatewayPoller')
  #timer: NodeJS.Timeout | undefined
  /** struct pollfd: a descriptor, and two shorts. */
  #descriptors = new Int32Array(64)

  constructor(library: CLibrary) {
    this.#library = library
  }

  /**
   * Begins to read the output of a process.
   *
   * @returns what to call when the process has ended: reads what is left.
   */
  add(pipes: readonly OutputPipe[]): () => void {
    const started = { pipes, hasEnded: false, watchAt: performance.now() + NEW_FOR }
    this.#processes.add(started)
    this.#timer ??= this.#scope.runInAsyncScope(setTimeout, null, () => this.#look(), LOOK_EVERY)
    return () => this.#end(started)
  }

  /**
   * The process has ended, and what is left is read. Who still holds its pipes may be another that is just
   * being started, and has not let go of them yet; or a child that it left behind, which may still write.
   */
  #end(started: NewProcess): void {
    if (!this.#processes.has(started)) return
    started.hasEnded = true
    started.watchAt = performance.now() + END_WITHIN
    this.#read([started])
    if (started.pipes.every((pipe) => pipe.isDone)) this.#leave(started)
  }

  #look(): void {
    this.#read(this.#processes)
    const now = performance.now()
    for (const started of this.#processes) {
      const isDone = started.pipes.every((pipe) => pipe.isDone)
      if (isDone || now >= started.watchAt) this.#leave(started)
    }
    this.#timer?.refresh()
  }

  #leave(started: NewProcess): void {
    this.#processes.delete(started)
    for (const pipe of started.pipes) pipe.watch()
    if (this.#processes.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #read(processes: Iterable<NewProcess>): void {
    const polled: { readonly pipe: OutputPipe; readonly hasEnded: boolean }[] = []
    for (const { pipes, hasEnded } of processes) {
      for (const pipe of pipes) {
        const descriptor = pipe.polledDescriptor
        if (descriptor === undefined) continue
        this.#reserve(2 * (polled.length + 1))
        this.#descriptors[2 * polled.length] = descriptor
        this.#descriptors[2 * polled.length + 1] = POLLIN
        polled.push({ pipe, hasEnded })
      }
    }
    if (polled.length === 0) return
    if (this.#library.poll(this.#descriptors, polled.length, 0) <= 0) return
    // What is read may change what there is to read: the buffer is ours only until then.
    const events = polled.map((_, index) => (this.#descriptors[2 * index + 1] ?? 0) >>> 16)
    polled.forEach(({ pipe, hasEnded }, index) => {
      const event = events[index] ?? 0
      const isHungUp = (event & (POLLHUP | POLLERR)) !== 0
      if (event === 0 || !(isHungUp || hasEnded || this.#isSecondLook(pipe))) return
      pipe.readAvailable((event & POLLIN) !== 0, isHungUp)
    })
  }

  #isSecondLook(pipe: OutputPipe): boolean {
    const isSecond = this.#seen.delete(pipe)
    if (!isSecond) this.#seen.add(pipe)
    return isSecond
  }

  #reserve(length: number): void {
    if (length <= this.#descriptors.length) return
    const longer = new Int32Array(2 * length)
    longer.set(this.#descriptors)
    this.#descriptors = longer
  }
}
