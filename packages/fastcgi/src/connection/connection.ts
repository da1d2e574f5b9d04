import type { OnReadOpts } from 'node:net'
import type { ApplicationSocket } from './application-socket.js'

/** What a connection passes to the request that uses it. */
export interface ConnectionUser {
  /** The next bytes. They are in memory that is used again, unless the connection `ownsChunk`. */
  read(chunk: Buffer): void
  /** The application has ended its side (`undefined`), or the connection has failed. Nothing comes after it. */
  closed(error: Error | undefined): void
}

/** The size of the memory for one read, in bytes. */
const MEMORY_SIZE = 128 * 1024
/** A read of this size or more leaves its memory to the chunk. */
const LARGE_READ = 32 * 1024
/** The least memory for a read, where large chunks come. */
const SMALLEST_MEMORY = 64 * 1024

/** For all connections: a read has been passed on when the next one comes. */
const sharedMemory = Buffer.allocUnsafeSlow(MEMORY_SIZE)

/** An open connection to an application. One request at a time uses it. */
export class Connection {
  readonly socket: ApplicationSocket
  /** Whether the chunk that is being read keeps its memory. */
  ownsChunk = false
  /** Called when the connection has been closed, or had to be, while no request used it. */
  onIdleEnd: () => void = () => {}
  readonly #memory: ReadMemory
  #user: ConnectionUser | undefined
  #isOpen = true
  #error: Error | undefined

  /** @param socket - connected, with the `onread` of a {@link ReadMemory}. */
  constructor(socket: ApplicationSocket, memory: ReadMemory) {
    this.socket = socket
    this.#memory = memory
    memory.connection = this
    socket
      .on('error', (error) => {
        this.#error ??= error
      })
      .once('end', () => this.#close())
      .once('close', () => this.#close())
  }

  /** Whether it can take a request, as far as is known. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Starts a request. */
  use(user: ConnectionUser): void {
    this.#user = user
    this.socket.hasSent = false
    this.socket.ref()
  }

  /** Ends a request. An idle connection does not keep the process running. */
  release(): void {
    this.#user = undefined
    if (!this.#isOpen) return
    this.#memory.release()
    this.socket.unref()
    this.resume()
  }

  /** Writes bytes of which the failure shows where the connection is read. */
  write(bytes: Buffer): void {
    if (this.#isOpen) this.socket.write(bytes)
  }

  /** Stops reading. */
  pause(): void {
    if (!this.socket.isPaused()) this.socket.pause()
  }

  /** Goes on reading. */
  resume(): void {
    if (this.socket.isPaused()) this.socket.resume()
  }

  /** Closes it. A request on it is not called any more. */
  destroy(): void {
    this.#user = undefined
    this.#isOpen = false
    this.socket.destroy()
  }

  /** For {@link ReadMemory}. */
  read(chunk: Buffer, ownsChunk: boolean): void {
    this.ownsChunk = ownsChunk
    if (this.#user !== undefined) this.#user.read(chunk)
    // No request has been sent that these bytes could answer.
    else this.#close()
  }

  #close(): void {
    if (!this.#isOpen) return
    const user = this.#user
    this.destroy()
    if (user === undefined) this.onIdleEnd()
    else user.closed(this.#error ?? this.socket.writeError)
  }
}

/**
 * The memory into which a socket reads: one for all sockets. After a large read, the next ones have memory of their own,
 * which goes on with the chunks, so that large output is not copied.
 */
export class ReadMemory {
  connection: Connection | undefined
  #memory: Buffer = sharedMemory

  readonly onread: OnReadOpts = {
    buffer: () => this.#memory,
    callback: (size) => {
      const memory = this.#memory
      const isLarge = size >= LARGE_READ
      if (isLarge) this.#memory = memoryAfter(memory, size)
      this.connection?.read(
        memory.subarray(0, size),
        isLarge && memory.buffer !== sharedMemory.buffer,
      )
      return true
    },
  }

  /** Returns to the shared memory. */
  release(): void {
    this.#memory = sharedMemory
  }
}

/** What is left of memory behind a chunk, or else new memory. */
function memoryAfter(memory: Buffer, size: number): Buffer {
  const isOwn = memory.buffer !== sharedMemory.buffer
  if (isOwn && memory.length - size >= SMALLEST_MEMORY) return memory.subarray(size)
  return Buffer.allocUnsafeSlow(MEMORY_SIZE)
}
