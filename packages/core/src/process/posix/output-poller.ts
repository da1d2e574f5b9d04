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

interface NewPipe {
  readonly pipe: OutputPipe
  /** Whether there was something to be read at the last look. */
  isSeen: boolean
}

interface NewProcess {
  readonly pipes: readonly NewPipe[]
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
  /** Not a Set: V8 keeps a table that has been replaced, and all that was in it, until a full collection. */
  readonly #processes: NewProcess[] = []
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
    const started: NewProcess = {
      pipes: pipes.map((pipe) => ({ pipe, isSeen: false })),
      hasEnded: false,
      watchAt: performance.now() + NEW_FOR,
    }
    this.#processes.push(started)
    this.#timer ??= this.#scope.runInAsyncScope(setTimeout, null, () => this.#look(), LOOK_EVERY)
    return () => this.#end(started)
  }

  /**
   * The process has ended, and what is left is read. Who still holds its pipes may be another that is just
   * being started, and has not let go of them yet; or a child that it left behind, which may still write.
   */
  #end(started: NewProcess): void {
    if (!this.#processes.includes(started)) return
    started.hasEnded = true
    started.watchAt = performance.now() + END_WITHIN
    this.#read([started])
    if (isDone(started)) this.#leave(started)
  }

  #look(): void {
    this.#read(this.#processes)
    const now = performance.now()
    const over = this.#processes.filter((each) => isDone(each) || now >= each.watchAt)
    // What is heard may end others, or begin new ones.
    for (const started of over) this.#leave(started)
    this.#timer?.refresh()
  }

  #leave(started: NewProcess): void {
    const index = this.#processes.indexOf(started)
    if (index !== -1) this.#processes.splice(index, 1)
    for (const { pipe } of started.pipes) pipe.watch()
    if (this.#processes.length > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #read(processes: Iterable<NewProcess>): void {
    const polled: { readonly each: NewPipe; readonly hasEnded: boolean }[] = []
    for (const { pipes, hasEnded } of processes) {
      for (const each of pipes) {
        const descriptor = each.pipe.polledDescriptor
        if (descriptor === undefined) continue
        this.#reserve(2 * (polled.length + 1))
        this.#descriptors[2 * polled.length] = descriptor
        this.#descriptors[2 * polled.length + 1] = POLLIN
        polled.push({ each, hasEnded })
      }
    }
    if (polled.length === 0) return
    if (this.#library.poll(this.#descriptors, polled.length, 0) <= 0) return
    // What is read may change what there is to read: the buffer is ours only until then.
    const events = polled.map((_, index) => (this.#descriptors[2 * index + 1] ?? 0) >>> 16)
    polled.forEach(({ each, hasEnded }, index) => {
      const event = events[index] ?? 0
      if (event === 0) return
      const isHungUp = (event & (POLLHUP | POLLERR)) !== 0
      const isReadable = isHungUp || hasEnded || each.isSeen
      each.isSeen = !isReadable
      if (isReadable) each.pipe.readAvailable((event & POLLIN) !== 0, isHungUp)
    })
  }

  #reserve(length: number): void {
    if (length <= this.#descriptors.length) return
    const longer = new Int32Array(2 * length)
    longer.set(this.#descriptors)
    this.#descriptors = longer
  }
}

function isDone({ pipes }: NewProcess): boolean {
  return pipes.every(({ pipe }) => pipe.isDone)
}
