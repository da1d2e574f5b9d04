import { AsyncResource } from 'node:async_hooks'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { Readable } from 'node:stream'
import type { CLibrary } from './c-library.js'

/** What is read at once of a new process, in bytes: all that a pipe of Linux holds. */
const READ_SIZE = 64 * 1024
/** What is read at once of one that has much to say, and what its pipe is made to hold. */
const LARGE_READ_SIZE = 512 * 1024
/** One for all: what is read is copied before anything else is read. */
const bytes = Buffer.allocUnsafeSlow(LARGE_READ_SIZE)

const F_SETPIPE_SZ = 1031

/**
 * What a process writes to one of its descriptors. At first it is read when somebody says that there may
 * be something ({@link OutputPipe.readAvailable}); a process that lasts is worth a libuv handle
 * ({@link OutputPipe.watch}), which costs more than all the reading of a small answer.
 */
export class OutputPipe extends Readable {
  readonly #library: CLibrary
  /** Whoever looks does so for many: what is heard is heard by whom it was started for. */
  readonly #scope = new AsyncResource('CommonGatewayOutput')
  /** The end to read from, as long as no handle has it. */
  #descriptor: number | undefined
  #socket: Socket | undefined
  #isWanted = false

  /** @param descriptor - the end to read from; it is closed with the stream. */
  constructor(descriptor: number, library: CLibrary) {
    super({ highWaterMark: LARGE_READ_SIZE })
    this.#descriptor = descriptor
    this.#library = library
  }

  /** Whether all has been read, or libuv reads. */
  get isDone(): boolean {
    return this.#descriptor === undefined
  }

  /** The descriptor to be polled; undefined where nothing is to be read from it. */
  get polledDescriptor(): number | undefined {
    return this.#isWanted ? this.#descriptor : undefined
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
    if (this.#descriptor !== undefined) this.#run(() => this.#watch())
  }

  override _read(): void {
    this.#isWanted = true
    this.#socket?.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#close()
    this.#socket?.destroy()
    callback(error)
  }

  #readAvailable(hasBytes: boolean, isHungUp: boolean): void {
    for (let mayHaveMore = hasBytes; mayHaveMore && this.polledDescriptor !== undefined; ) {
      const size = this.#library.read(this.polledDescriptor, bytes, READ_SIZE)
      // Interrupted, or nothing there any more: whoever looks next will see.
      if (size < 0) return
      if (size > 0) this.#isWanted = this.push(Buffer.from(bytes.subarray(0, size)))
      // A buffer that was filled may not have taken all. With nobody to write more, the end can be read.
      mayHaveMore = isHungUp && size === READ_SIZE
      if (isHungUp && !mayHaveMore) this.#end()
      // There will soon be as much again: nobody is to wait for the next look.
      else if (size === READ_SIZE) this.#widen()
    }
    if (isHungUp && !hasBytes) this.#end()
  }

  #watch(): void {
    const onread = {
      buffer: bytes,
      callback: (size: number): boolean => {
        this.#isWanted = this.push(Buffer.from(bytes.subarray(0, size)))
        return this.#isWanted
      },
    }
    const options: SocketConstructorOpts & { fd: number | undefined; onread: OnReadOpts } = {
      fd: this.#descriptor,
      readable: true,
      writable: false,
      onread,
    }
    let socket: Socket
    try {
      socket = new Socket(options)
    } catch (error) {
      // The system has none to give: that is the end of this output, and not of the host.
      this.destroy(error instanceof Error ? error : new Error(String(error)))
      return
    }
    socket.once('end', () => this.push(null)).on('error', (error) => this.destroy(error))
    this.#descriptor = undefined
    this.#socket = socket
    if (this.#isWanted) socket.resume()
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

  #widen(): void {
    if (this.#descriptor !== undefined && process.platform === 'linux') {
      // Beyond what its user may have in pipes, the system leaves it as it is.
      this.#library.fcntl(this.#descriptor, F_SETPIPE_SZ, 'int', LARGE_READ_SIZE)
    }
    this.watch()
  }

  #end(): void {
    this.#close()
    this.push(null)
  }

  #close(): void {
    if (this.#descriptor !== undefined) this.#library.close(this.#descriptor)
    this.#descriptor = undefined
  }
}
