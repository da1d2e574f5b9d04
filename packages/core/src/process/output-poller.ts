import type { CLibrary } from './c-library.js'
import type { OutputPipe } from './output-pipe.js'

const POLLIN = 0x01
const POLLERR = 0x08
const POLLHUP = 0x10

/** How often new processes are looked at, in milliseconds. */
const LOOK_EVERY = 2
/** How long they are new, in milliseconds: most that are not meant to last have ended by then. */
const NEW_FOR = 100

interface NewProcess {
  readonly pipes: readonly OutputPipe[]
  readonly since: number
}

/**
 * Reads the output of processes that have just been started, all of them by one system call, every
 * 2 ms. Those that last are handed to libuv.
 */
export class OutputPoller {
  readonly #library: CLibrary
  readonly #processes = new Set<NewProcess>()
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
    const started = { pipes, since: performance.now() }
    this.#processes.add(started)
    this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY)
    return () => {
      if (this.#processes.has(started)) this.#end(started)
    }
  }

  /** The process has ended: what is left is read. A child that it left behind may still write, though. */
  #end(started: NewProcess): void {
    this.#read(started.pipes)
    const kept = started.pipes.find((pipe) => pipe.isKept)
    if (kept === undefined) this.#leave(started)
    else
      kept.onceWanted(() => {
        if (this.#processes.has(started)) this.#end(started)
      })
  }

  #look(): void {
    this.#read([...this.#processes].flatMap(({ pipes }) => pipes))
    const now = performance.now()
    for (const started of this.#processes) {
      if (now - started.since >= NEW_FOR) this.#leave(started)
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

  #read(pipes: readonly OutputPipe[]): void {
    const polled: OutputPipe[] = []
    if (this.#descriptors.length < 2 * pipes.length) {
      this.#descriptors = new Int32Array(4 * pipes.length)
    }
    for (const pipe of pipes) {
      const descriptor = pipe.polledDescriptor
      if (descriptor === undefined) continue
      this.#descriptors[2 * polled.length] = descriptor
      this.#descriptors[2 * polled.length + 1] = POLLIN
      polled.push(pipe)
    }
    if (polled.length === 0) return
    if (this.#library.poll(this.#descriptors, polled.length, 0) <= 0) return
    // What is read may change what there is to read: the buffer is ours only until then.
    const events = polled.map((_, index) => (this.#descriptors[2 * index + 1] ?? 0) >>> 16)
    polled.forEach((pipe, index) => {
      const event = events[index] ?? 0
      if (event !== 0)
        pipe.readAvailable((event & POLLIN) !== 0, (event & (POLLHUP | POLLERR)) !== 0)
    })
  }
}
