import type { ApplicationSocket } from './application-socket.js'
import type { RequestIds } from '../protocol/request-ids.js'
import type { ReadMemory } from './read-memory.js'

/** What a connection passes to the request that uses it. */
export interface ConnectionUser {
  /** The next bytes. They are in memory that is used again: see {@link Connection.keep}. */
  read(chunk: Buffer): void
  /** The application has ended its side (`undefined`), or the connection has failed. Nothing comes after it. */
  closed(error: Error | undefined): void
}

/** An open connection to an application. One request at a time uses it. */
export class Connection {
  readonly socket: ApplicationSocket
  /** Those of FastCGI; undefined before the first request. */
  requestIds: RequestIds | undefined
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
    memory.onChunk = (chunk) => this.#read(chunk)
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

  /** A part of the chunk that is being read, in memory that is not used again. */
  keep(part: Buffer): Buffer {
    return this.#memory.keep(part)
  }

  #read(chunk: Buffer): void {
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
