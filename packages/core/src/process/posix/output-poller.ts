import { AsyncResource } from 'node:async_hooks'
import { ArraySet } from '../../data/array-set.js'
import { OUTPUT_END_AFTER_EXIT } from '../../data/grace-periods.js'
import type { CLibrary } from './c-library.js'
import type { OutputPipe } from './output-pipe.js'

const POLLIN = 0x01
const POLLERR = 0x08
const POLLHUP = 0x10

/**
 * How often the pipes are polled, in milliseconds. A pipe is read at the second poll that finds bytes: most
 * processes have ended by then, so that their whole response is there.
 */
const POLL_INTERVAL = 2
/** How long a process is polled, in milliseconds. Most short-lived processes have ended by then. */
const POLL_DURATION = 100

interface PolledPipe {
  readonly pipe: OutputPipe
  /** Whether the last poll found bytes, which were left in the pipe. */
  wasReadable: boolean
}

interface PolledProcess {
  readonly pipes: readonly PolledPipe[]
  hasExited: boolean
  /** When libuv takes over, by `performance.now()`. */
  deadline: number
}

/**
 * Reads the output of processes that have just been started: one poll(2) for all of them, every 2 ms. The pipes
 * of processes that last longer are handed to libuv.
 */
export class OutputPoller {
  readonly #library: CLibrary
  readonly #processes = new ArraySet<PolledProcess>()
  /** Created outside any request, so that the shared timer retains no request's async context. */
  readonly #scope = new AsyncResource('CommonGatewayPoller')
  #timer: NodeJS.Timeout | undefined
  /** An array of struct pollfd: a descriptor, and two shorts. */
  #descriptors = new Int32Array(64)

  constructor(library: CLibrary) {
    this.#library = library
  }

  /**
   * Begins to read the output of a process.
   *
   * @returns a function that reads the rest, to be called when the process has exited.
   */
  add(pipes: readonly OutputPipe[]): () => void {
    const started: PolledProcess = {
      pipes: pipes.map((pipe) => ({ pipe, wasReadable: false })),
      hasExited: false,
      deadline: performance.now() + POLL_DURATION,
    }
    this.#processes.add(started)
    this.#timer ??= this.#scope.runInAsyncScope(setTimeout, null, () => this.#poll(), POLL_INTERVAL)
    return () => this.#end(started)
  }

  /**
   * Reads the rest of the output after the exit. Another process may still hold the pipes: one that is just
   * being started and has not closed its copies, or a child that the script left behind, which may write more.
   */
  #end(started: PolledProcess): void {
    if (!this.#processes.has(started)) return
    started.hasExited = true
    started.deadline = performance.now() + OUTPUT_END_AFTER_EXIT
    this.#read([started])
    if (isDone(started)) this.#remove(started)
  }

  #poll(): void {
    this.#read(this.#processes.members)
    const now = performance.now()
    // A copy: the reader's callbacks may add and remove processes.
    const over = this.#processes.members.filter(
      (started) => isDone(started) || now >= started.deadline,
    )
    for (const started of over) this.#remove(started)
    this.#timer?.refresh()
  }

  #remove(started: PolledProcess): void {
    this.#processes.delete(started)
    for (const { pipe } of started.pipes) pipe.watch()
    if (this.#processes.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #read(processes: Iterable<PolledProcess>): void {
    const polled: { readonly polledPipe: PolledPipe; readonly hasExited: boolean }[] = []
    for (const { pipes, hasExited } of processes) {
      for (const polledPipe of pipes) {
        const descriptor = polledPipe.pipe.polledDescriptor
        if (descriptor === undefined) continue
        this.#reserve(2 * (polled.length + 1))
        this.#descriptors[2 * polled.length] = descriptor
        this.#descriptors[2 * polled.length + 1] = POLLIN
        polled.push({ polledPipe, hasExited })
      }
    }
    if (polled.length === 0) return
    if (this.#library.poll(this.#descriptors, polled.length, 0) <= 0) return
    // A copy, since a reader's callback may poll again, into the same array.
    const events = polled.map((_, index) => (this.#descriptors[2 * index + 1] ?? 0) >>> 16)
    polled.forEach(({ polledPipe, hasExited }, index) => {
      const event = events[index] ?? 0
      if (event === 0) return
      const isHungUp = (event & (POLLHUP | POLLERR)) !== 0
      const isReadNow = isHungUp || hasExited || polledPipe.wasReadable
      polledPipe.wasReadable = !isReadNow
      if (isReadNow) polledPipe.pipe.readAvailable((event & POLLIN) !== 0, isHungUp)
    })
  }

  #reserve(length: number): void {
    if (length <= this.#descriptors.length) return
    const longer = new Int32Array(2 * length)
    longer.set(this.#descriptors)
    this.#descriptors = longer
  }
}

function isDone({ pipes }: PolledProcess): boolean {
  return pipes.every(({ pipe }) => !pipe.needsPolling)
}
