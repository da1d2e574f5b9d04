import type { AsyncResource } from 'node:async_hooks'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { LENT_SIZE, MemoryLender } from '../../data/lent-memory.js'
import type { Output, OutputReader } from '../../transport/output.js'
import type { CLibrary } from './c-library.js'
import { enlargePipe, PIPE_SIZE } from './pipe-size.js'

/** What is read at once of a new process, in bytes. */
const READ_SIZE = PIPE_SIZE
/** As much is not copied, but handed on in the memory it was read to. */
const LARGE_CHUNK = LENT_SIZE / 4
/** One for all: what is read is copied before anything else is read. */
const bytes: Buffer = Buffer.allocUnsafeSlow(LENT_SIZE)

/**
 * What a process writes to one of its descriptors. At first it is read when somebody says that there may
 * be something ({@link OutputPipe.readAvailable}); a process that lasts is worth a libuv handle
 * ({@link OutputPipe.watch}), which costs more than all the reading of a small answer.
 */
export class OutputPipe implements Output {
  readonly #library: CLibrary
  readonly #scope: AsyncResource
  /** The end to read from, as long as no handle has it. */
  #descriptor: number | undefined
  #socket: Socket | undefined
  #reader: OutputReader | undefined
  /** The buffer that libuv reads to: lent memory once there is much to read. */
  #memory = bytes
  #lender: MemoryLender | undefined
  /** Whether the pipe has been made to hold more. */
  #isWide = false
  /** Whether all has been read, of which the reader may not have been told. */
  #isRead = false
  isPaused = true
  isOver = false

  /**
   * @param descriptor - the end to read from; it is closed when all is read.
   * @param scope - whoever looks does so for many: what is heard is heard by whom it was started for.
   */
  constructor(descriptor: number, library: CLibrary, scope: AsyncResource) {
    this.#descriptor = descriptor
    this.#library = library
    this.#scope = scope
  }

  /** Whether all has been read, or libuv reads. */
  get isDone(): boolean {
    return this.#descriptor === undefined
  }

  /** The descriptor to be polled; undefined where nothing is to be read from it. */
  get polledDescriptor(): number | undefined {
    return this.isPaused ? undefined : this.#descriptor
  }

  readBy(reader: OutputReader): void {
    this.#reader = reader
  }

  pause(): void {
    this.isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.isPaused = false
    if (this.#isRead) this.#end()
    else this.#socket?.resume()
  }

  destroy(): void {
    this.#close()
    this.isOver = true
    this.#reader = undefined
  }

  /**
   * Reads what there is.
   *
   * @param hasBytes - whether bytes have been seen there; somebody else may have read them.
   * @param isHungUp - whether nobody can write any more.
   */
  readAvailable(hasBytes: boolean, isHungUp: boolean): void {
    this.#run(() => this.#readAvailable(hasBytes, isHungUp))
  }

  /** Has libuv read from now on. */
  watch(): void {
    const descriptor = this.#descriptor
    if (descriptor !== undefined) this.#run(() => this.#watch(descriptor))
  }

  #readAvailable(hasBytes: boolean, isHungUp: boolean): void {
    for (let mayHaveMore = hasBytes; mayHaveMore; ) {
      const descriptor = this.polledDescriptor
      if (descriptor === undefined) return
      const size = this.#library.read(descriptor, bytes, READ_SIZE)
      // Interrupted, or nothing there any more: whoever looks next will see.
      if (size < 0) return
      // A buffer that was filled may not have taken all. With nobody to write more, the end can be read.
      mayHaveMore = isHungUp && size === READ_SIZE
      if (isHungUp && !mayHaveMore) this.#isRead = true
      // There will soon be as much again: nobody is to wait for the next look.
      else if (size === READ_SIZE && !mayHaveMore) this.#widen(descriptor)
      if (size > 0) this.#reader?.data(Buffer.from(bytes.subarray(0, size)))
    }
    if (isHungUp && !hasBytes) this.#isRead = true
    if (this.#isRead) this.#finish()
  }

  #watch(descriptor: number): void {
    const onread = {
      buffer: (): Buffer => this.#memory,
      callback: (size: number): boolean => {
        // The script writes faster than it is read.
        if (size > PIPE_SIZE / 2) this.#enlarge(descriptor)
        this.#reader?.data(this.#take(size))
        return !this.isPaused
      },
    }
    // Node's own name for not reading before it is asked to; the type does not have it.
    const options: SocketConstructorOpts & { onread: OnReadOpts; manualStart: boolean } = {
      fd: descriptor,
      readable: true,
      writable: false,
      manualStart: true,
      onread,
    }
    let socket: Socket
    try {
      socket = new Socket(options)
    } catch (error) {
      // The system has none to give: that is the end of this output, and not of the host.
      this.#fail(error instanceof Error ? error : new Error(String(error)))
      return
    }
    socket.once('end', () => this.#finish()).on('error', (error) => this.#fail(error))
    this.#descriptor = undefined
    this.#socket = socket
    if (!this.isPaused) socket.resume()
  }

  /** What a listener throws is not for those who look. */
  #run(act: () => void): void {
    try {
      this.#scope.runInAsyncScope(act)
    } catch (error) {
      this.destroy()
      process.nextTick(() => {
        throw error
      })
    }
  }

  #widen(descriptor: number): void {
    this.#enlarge(descriptor)
    this.#watch(descriptor)
  }

  #enlarge(descriptor: number): void {
    if (this.#isWide) return
    this.#isWide = true
    enlargePipe(this.#library, descriptor)
  }

  /** What libuv has read; who has much to say gets memory of its own for what comes next. */
  #take(size: number): Buffer {
    const memory = this.#memory
    const chunk = memory.subarray(0, size)
    const isLarge = size >= LARGE_CHUNK
    if (isLarge) {
      this.#lender ??= new MemoryLender()
      this.#memory = this.#lender.lend()
    }
    if (isLarge && memory !== bytes) return chunk
    const copy = Buffer.from(chunk)
    if (!isLarge) this.#giveBack()
    return copy
  }

  /** All has been read; who has paused hears of it when he goes on. */
  #finish(): void {
    this.#isRead = true
    this.#close()
    if (!this.isPaused) this.#end()
  }

  #end(): void {
    const reader = this.#reader
    this.destroy()
    reader?.end()
  }

  #fail(error: Error): void {
    const reader = this.#reader
    this.destroy()
    reader?.error(error)
  }

  #close(): void {
    if (this.#descriptor !== undefined) this.#library.close(this.#descriptor)
    this.#descriptor = undefined
    this.#socket?.destroy()
    this.#socket = undefined
    this.#giveBack()
  }

  /** What has not been handed on. */
  #giveBack(): void {
    this.#lender?.takeBack(this.#memory)
    this.#memory = bytes
  }
}
