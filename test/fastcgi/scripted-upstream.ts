import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { endRecord, record, TYPE, writePairs } from './records.js'
import {
  type Meaning,
  RequestChecker,
  type RequestReader,
  type RequestState,
} from './request-checker.js'
import { ScgiReader } from './scgi-reader.js'

/** Something that happens once. */
class Happening<Value> {
  readonly promise: Promise<Value>
  #resolve: (value: Value) => void = () => {}

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  happen(value: Value): void {
    this.#resolve(value)
  }
}

/** One request that the upstream has got, and how it answers. */
export class Call {
  readonly connection: Connection
  readonly variables: Readonly<Record<string, string>>
  readonly keepsConnection: boolean
  readonly id: number
  readonly #body: Buffer[] = []
  readonly #bodyEnd = new Happening<Buffer>()
  readonly #begun = new Happening<void>()
  readonly #aborted = new Happening<void>()
  readonly #proceeding = new Happening<void>()
  isAborted = false
  hasWholeBody = false

  constructor(connection: Connection, request: RequestState) {
    this.connection = connection
    this.variables = request.variables
    this.keepsConnection = request.keepsConnection
    this.id = request.id
  }

  get method(): string {
    return this.variables['REQUEST_METHOD'] ?? ''
  }

  /** The request-target behind the mount. */
  get path(): string {
    return (this.variables['REQUEST_URI'] ?? '').replace(/^\/cgi-bin/, '')
  }

  /** How many bytes of the body have come. */
  get received(): number {
    return this.#body.reduce((sum, { length }) => sum + length, 0)
  }

  /** The whole body, when STDIN has ended. */
  body(): Promise<Buffer> {
    return this.#bodyEnd.promise
  }

  /** When the first bytes of the body have come. */
  bodyBegun(): Promise<void> {
    return this.#begun.promise
  }

  /** When ABORT_REQUEST has come. */
  aborted(): Promise<void> {
    return this.#aborted.promise
  }

  /** When the test lets an answer proceed that waits for it. */
  get proceeds(): Promise<void> {
    return this.#proceeding.promise
  }

  proceed(): void {
    this.#proceeding.happen()
  }

  take(meaning: Meaning): void {
    if (meaning.type === 'data') {
      this.#body.push(Buffer.from(meaning.data))
      this.#begun.happen()
    } else if (meaning.type === 'end') {
      this.hasWholeBody = true
      this.#bodyEnd.happen(Buffer.concat(this.#body))
    } else if (meaning.type === 'abort') this.abort()
  }

  abort(): void {
    this.isAborted = true
    this.#aborted.happen()
  }

  stdout(text: string | Buffer, padding = 0): this {
    return this.raw(this.stdoutBytes(text, padding))
  }

  stdoutBytes(text: string | Buffer, padding = 0): Buffer {
    if (this.connection.protocol === 'fastcgi') {
      return record(TYPE.STDOUT, text, { id: this.id, padding })
    }
    return typeof text === 'string' ? Buffer.from(text, 'latin1') : text
  }

  /** SCGI has none. */
  stderr(text: string | Buffer, padding = 0): this {
    if (this.connection.protocol === 'scgi') return this
    return this.raw(record(TYPE.STDERR, text, { id: this.id, padding }))
  }

  endBytes(appStatus = 0, protocolStatus = 0): Buffer {
    if (this.connection.protocol === 'scgi') return Buffer.alloc(0)
    return endRecord(appStatus, protocolStatus, { id: this.id })
  }

  /** END_REQUEST; the connection is closed then, unless it is to be kept. */
  end(appStatus = 0, protocolStatus = 0): this {
    this.raw(this.endBytes(appStatus, protocolStatus)).finish()
    return this
  }

  /** What follows END_REQUEST where a script has written that itself. */
  finish(): void {
    this.connection.answered()
    if (!this.keepsConnection) this.connection.socket.end()
  }

  /** A whole answer of text. */
  answer(text: string | Buffer, header = 'Content-Type: text/plain\n'): this {
    this.stdout(`${header}\n`)
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
    for (let start = 0; start < bytes.length; start += 65_528) {
      this.stdout(bytes.subarray(start, start + 65_528))
    }
    return this.stdout('').end()
  }

  /** Bytes as they are. What is written in one turn of the event loop is one segment. */
  raw(bytes: Buffer | string): this {
    this.connection.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  /** Each piece in a segment of its own. */
  async split(bytes: Buffer, size: number): Promise<void> {
    for (let start = 0; start < bytes.length; start += size) {
      this.raw(bytes.subarray(start, start + size))
      await nextTurn()
    }
  }
}

/** The next turn of the event loop, in which what is written is another segment. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** One connection to the upstream. */
export class Connection {
  readonly socket: Socket
  /** How many there were before it. */
  readonly index: number
  readonly calls: Call[] = []
  readonly closed: Promise<void>
  isClosed = false
  /** Whether the peer has closed its sending side. */
  hasEnded = false
  /** How many bytes came in the first read. */
  firstRead = 0
  received = 0
  readonly protocol: Protocol
  readonly #reader: RequestReader
  #isCorked = false

  constructor(socket: Socket, index: number, upstream: ScriptedUpstream) {
    this.socket = socket
    this.index = index
    this.protocol = upstream.protocol
    const report = (fault: string): void => void upstream.faults.push(fault)
    this.#reader = this.protocol === 'fastcgi' ? new RequestChecker(report) : new ScgiReader(report)
    const closed = new Happening<void>()
    this.closed = closed.promise
    socket
      .setNoDelay()
      .on('error', () => {})
      .on('end', () => {
        this.hasEnded = true
        // SCGI has no other way to say it; the request is whole by its length.
        if (this.protocol === 'scgi' && !socket.writableEnded) {
          for (const call of this.calls) call.abort()
        }
        // A gateway closes its sending side only when it gives the request up.
        socket.end()
      })
      .on('close', () => {
        this.isClosed = true
        if (this.protocol === 'scgi' && !socket.writableFinished)
          for (const call of this.calls) call.abort()
        closed.happen()
      })
      .on('data', (chunk: Buffer) => {
        this.firstRead ||= chunk.length
        this.received += chunk.length
        for (const meaning of this.#reader.push(chunk)) this.#take(meaning, upstream)
      })
  }

  answered(): void {
    this.#reader.answered()
  }

  write(bytes: Buffer): void {
    if (this.socket.destroyed || this.socket.writableEnded) return
    if (!this.#isCorked) {
      this.#isCorked = true
      this.socket.cork()
      setImmediate(() => {
        this.#isCorked = false
        this.socket.uncork()
      })
    }
    this.socket.write(bytes)
  }

  /** A reset; a Unix socket has none, and is closed. */
  reset(): void {
    // What was written in this turn goes first.
    this.socket.uncork()
    try {
      this.socket.resetAndDestroy()
    } catch {
      this.socket.destroy()
    }
  }

  #take(meaning: Meaning, upstream: ScriptedUpstream): void {
    if (meaning.type === 'nothing' || meaning.type === 'begin' || meaning.type === 'params') return
    if (meaning.type === 'values') {
      upstream.asked.push(...meaning.names)
      if (upstream.values !== undefined) {
        this.write(record(TYPE.GET_VALUES_RESULT, writePairs(upstream.values), { id: 0 }))
      }
      return
    }
    if (meaning.type === 'ready') {
      const call = new Call(this, meaning.request)
      this.calls.push(call)
      upstream.called(call)
      return
    }
    this.calls.at(-1)?.take(meaning)
  }
}

/** What an upstream speaks. */
export type Protocol = 'fastcgi' | 'scgi'

/** How an upstream behaves. */
export interface Behaviour {
  /** Called for each connection. */
  readonly accept?: (connection: Connection) => void
  /** Called for each request when its variables are there. */
  readonly answer?: (call: Call, upstream: ScriptedUpstream) => unknown
  /** The answer to GET_VALUES; none by default. */
  readonly values?: Readonly<Record<string, string>>
}

/** A Unix socket, a port of 127.0.0.1 (0: any) or another host. */
export type Listening = { readonly path: string } | { readonly port: number; readonly host: string }

/** An application server that does what a test wants, and holds the gateway to the letter of the protocol. */
export class ScriptedUpstream {
  /** What the gateway did wrong. */
  readonly faults: string[] = []
  readonly connections: Connection[] = []
  readonly calls: Call[] = []
  /** Names that GET_VALUES asked for. */
  readonly asked: string[] = []
  behaviour: Behaviour
  readonly #waiting = new Set<() => void>()
  #server: Server | undefined
  #listening: Listening

  readonly protocol: Protocol

  constructor(
    behaviour: Behaviour,
    listening: Listening = { port: 0, host: '127.0.0.1' },
    protocol: Protocol = 'fastcgi',
  ) {
    this.behaviour = behaviour
    this.#listening = listening
    this.protocol = protocol
  }

  /** As the option `address` has it. */
  get address(): string {
    if ('path' in this.#listening) return this.#listening.path
    const { host, port } = this.#listening
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }

  get values(): Behaviour['values'] {
    return this.behaviour.values
  }

  /** The connections that are open. */
  get open(): Connection[] {
    return this.connections.filter(({ isClosed }) => !isClosed)
  }

  /** Listens, at the same address each time. */
  async start(): Promise<this> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = new Connection(socket, this.connections.length, this)
      this.connections.push(connection)
      this.behaviour.accept?.(connection)
      this.#look()
    })
    if ('path' in this.#listening) rmSync(this.#listening.path, { force: true })
    server.listen(this.#listening)
    await once(server, 'listening')
    if ('port' in this.#listening) {
      // A server that listens on a port has an address of this kind.
      this.#listening = { ...this.#listening, port: (server.address() as AddressInfo).port }
    }
    this.#server = server
    return this
  }

  /** Stops listening, and cuts every connection. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    for (const connection of this.connections) connection.socket.destroy()
    await closed
  }

  called(call: Call): void {
    this.calls.push(call)
    this.#look()
    void this.behaviour.answer?.(call, this)
  }

  /** How often a request came, told by its path behind the mount. */
  count(path: string): number {
    return this.calls.filter((call) => call.path === path).length
  }

  /** The request with this number, past or future. */
  async call(index = 0): Promise<Call> {
    await this.until(() => this.calls.length > index)
    const call = this.calls[index]
    if (call === undefined) throw new Error('the call has gone')
    return call
  }

  /** Waits for what connections and requests bring about. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}
