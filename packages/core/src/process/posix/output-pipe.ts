import type { AsyncResource } from 'node:async_hooks'
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { toError } from '../../data/thrown.js'
import type { Output, OutputReader } from '../../transport/output.js'
import type { CLibrary } from './c-library.js'
import { enlargePipe, PIPE_SIZE } from './pipe-size.js'
import { ReadBuffer, sharedBuffer } from './read-buffer.js'

/** How much is read at once while the pipe is polled, in bytes. */
const READ_SIZE = PIPE_SIZE

/**
 * The reading end of a pipe that a process writes to. At first {@link OutputPoller} polls it and calls
 * {@link OutputPipe.readAvailable}. The pipe of a process that lasts gets a libuv handle
 * ({@link OutputPipe.watch}), which costs more than all the reading of a small response.
 */
export class OutputPipe implements Output {
  readonly #library: CLibrary
  readonly #scope: AsyncResource
  /** The reading end until {@link OutputPipe.watch} gives it to a socket. */
  #descriptor: number | undefined
  #socket: Socket | undefined
  #reader: OutputReader | undefined
  #buffer: ReadBuffer | undefined
  #isEnlarged = false
  /** Whether the end was read; `resume()` notifies a paused reader. */
  #hasReadEnd = false
  #isPaused = true
  #isReferenced = true

  /**
   * @param descriptor - the reading end; it is closed when its end is read.
   * @param scope - the async context in which the reader is called: one timer polls the pipes of all requests.
   */
  constructor(descriptor: number, library: CLibrary, scope: AsyncResource) {
    this.#descriptor = descriptor
    this.#library = library
    this.#scope = scope
  }

  /** False once the end was read, or libuv reads. */
  get needsPolling(): boolean {
    return this.#descriptor !== undefined
  }

  /** The descriptor to poll; undefined while the reader is paused and where no polling is needed. */
  get polledDescriptor(): number | undefined {
    return this.#isPaused ? undefined : this.#descriptor
  }

  readBy(reader: OutputReader): void {
    this.#reader = reader
  }

  pause(): void {
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#hasReadEnd) this.#end()
    else this.#socket?.resume()
  }

  /** Lets the event loop end while the pipe is open. */
  unref(): void {
    this.#isReferenced = false
    this.#socket?.unref()
  }

  destroy(): void {
    this.#close()
    this.#reader = undefined
  }

  /**
   * Reads the bytes that are in the pipe.
   *
   * @param hasBytes - whether poll(2) reported bytes (POLLIN); the script may have taken them back since.
   * @param isHungUp - whether no writing end is open any more (POLLHUP).
   */
  readAvailable(hasBytes: boolean, isHungUp: boolean): void {
    this.#call(() => this.#readAvailable(hasBytes, isHungUp))
  }

  /** Hands the pipe to libuv, which reads from now on. */
  watch(): void {
    const descriptor = this.#descriptor
    if (descriptor !== undefined) this.#call(() => this.#watch(descriptor))
  }

  #readAvailable(hasBytes: boolean, isHungUp: boolean): void {
    for (let mayHaveMore = hasBytes; mayHaveMore; ) {
      const descriptor = this.polledDescriptor
      if (descriptor === undefined) return
      const size = this.#library.read(descriptor, sharedBuffer, READ_SIZE)
      // EINTR, or EAGAIN since the bytes are gone: the next poll will show.
      if (size < 0) return
      // After a hang-up, a read that fills the buffer is followed by others up to the end.
      mayHaveMore = isHungUp && size === READ_SIZE
      if (isHungUp && !mayHaveMore) this.#hasReadEnd = true
      // The process writes much: libuv reads the next bytes at once, where the poller would wait.
      else if (size === READ_SIZE && !mayHaveMore) this.#watchLargeOutput(descriptor)
      if (size > 0) this.#reader?.data(Buffer.from(sharedBuffer.subarray(0, size)))
    }
    if (isHungUp && !hasBytes) this.#hasReadEnd = true
    if (this.#hasReadEnd) this.#finish()
  }

  #watchLargeOutput(descriptor: number): void {
    this.#enlarge(descriptor)
    this.#watch(descriptor)
  }

  #watch(descriptor: number): void {
    const buffer = new ReadBuffer()
    const onread = {
      buffer: () => buffer.current,
      callback: (size: number): boolean => {
        // The script writes faster than the client reads.
        if (size > PIPE_SIZE / 2) this.#enlarge(descriptor)
        this.#reader?.data(buffer.take(size))
        return !this.#isPaused
      },
    }
    // `manualStart` is Node's private option not to read before `resume()`; its type does not list it.
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
      // libuv has no resources for a handle: this output fails, and not the application.
      this.#fail(toError(error))
      return
    }
    socket.once('end', () => this.#finish()).on('error', (error) => this.#fail(error))
    this.#descriptor = undefined
    this.#socket = socket
    if (!this.#isReferenced) socket.unref()
    this.#buffer = buffer
    if (!this.#isPaused) socket.resume()
  }

  /** Calls a reader. What it throws is an uncaught exception, and does not stop the poller. */
  #call(callback: () => void): void {
    try {
      this.#scope.runInAsyncScope(callback)
    } catch (error) {
      this.destroy()
      process.nextTick(() => {
        throw error
      })
    }
  }

  #enlarge(descriptor: number): void {
    if (this.#isEnlarged) return
    this.#isEnlarged = true
    enlargePipe(this.#library, descriptor)
  }

  #finish(): void {
    this.#hasReadEnd = true
    this.#close()
    if (!this.#isPaused) this.#end()
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
    this.#buffer?.release()
    this.#buffer = undefined
  }
}
