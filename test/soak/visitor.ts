import { type Answer, Connection, type Reading } from './connection.js'
import type { Outcome } from './outcome.js'
import type { Random } from './random.js'
import type { SoakSite } from './site.js'

/** One application, from its start until another has taken its place. */
export interface Generation {
  readonly port: number
  /** Whether it has been asked to close. */
  isRetired: boolean
  /** The tokens of the requests that it had then, and had not answered. */
  underWay: ReadonlySet<string>
}

/** What a client asks for. */
export interface Asking {
  readonly path: string
  readonly method?: string
  /** Lines of the header. */
  readonly fields?: readonly string[]
  readonly body?: Buffer
  /** How the body says where it ends. */
  readonly framing?: 'length' | 'chunked'
}

/** Keeps a connection from one request to the next. */
export interface Lane {
  kept: {
    readonly connection: Connection
    readonly generation: Generation
    /** What was asked for on it last. */
    readonly path: string
  } | null
}

/** What a visitor is given. */
interface Errand {
  readonly generation: Generation
  readonly lane: Lane
  readonly random: Random
  /** In no other request of the run. */
  readonly token: string
  readonly site: SoakSite
  /** Replaces the application; resolves when the one that was has closed. */
  readonly reload: () => Promise<void>
}

/** A client, for as long as it does one thing. */
export class Visitor {
  readonly generation: Generation
  readonly random: Random
  readonly token: string
  readonly site: SoakSite
  readonly reload: () => Promise<void>
  /** Whether the last answer had begun before the application was asked to close. */
  isBegun = false
  /** What was asked for before, on the connection that was used. */
  before: string | undefined
  readonly #lane: Lane
  readonly #connections = new Set<Connection>()

  constructor({ generation, lane, random, token, site, reload }: Errand) {
    this.generation = generation
    this.random = random
    this.token = token
    this.site = site
    this.reload = reload
    this.#lane = lane
  }

  /** A connection of its own. */
  async dial(): Promise<Connection> {
    const connection = await Connection.open(this.generation.port)
    this.#connections.add(connection)
    return connection
  }

  /** A request as it is sent, its body included. */
  request({ path, method = 'GET', fields = [], body, framing = 'length' }: Asking): Buffer {
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: a', `X-Token: ${this.token}`, ...fields]
    if (body !== undefined) {
      lines.push(
        framing === 'length' ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked',
      )
    }
    const content = body === undefined ? [] : framing === 'length' ? [body] : toChunks(body)
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), ...content])
  }

  /** Sends a request, on a connection that may have had others, and reads its answer. */
  async ask(asking: Asking, reading: Reading = {}): Promise<Answer | null> {
    const connection = await this.#takeConnection()
    // A script may answer, and the host close the connection, before all has been taken.
    void connection.write(this.request(asking))
    const answer = await this.read(connection, { method: asking.method ?? 'GET', ...reading })
    // Fastify closes the connection of what is no request, and does not say so.
    const isRequest = answer !== null && answer.all('x-token').length > 0
    if (isRequest && answer.isReusable) this.#keep(connection, asking)
    return answer
  }

  /**
   * Asks for something whose answer is known.
   *
   * @throws where something else comes, or the beginning of something else.
   */
  async expect(asking: Asking, expected: string | Buffer, reading?: Reading): Promise<Outcome> {
    return this.judge(await this.ask(asking, reading), expected)
  }

  /** Reads an answer. @throws where it is that to another request. */
  async read(connection: Connection, reading: Reading = {}): Promise<Answer | null> {
    this.isBegun = false
    const onHead = (): void => {
      this.isBegun = !this.generation.isRetired
      reading.onHead?.()
    }
    const answer = await connection.read({ ...reading, onHead })
    const [token] = answer?.all('x-token') ?? []
    if (token !== undefined && token !== this.token) throw new Error(`the answer is for ${token}`)
    return answer
  }

  /** What came of a request. @throws where an answer that was good has not this content. */
  judge(answer: Answer | null, expected: string | Buffer): Outcome {
    if (answer === null) return 'none'
    const { status, body, isCut } = answer
    const wanted = Buffer.from(expected)
    const isGood = isCut
      ? status >= 300 || wanted.subarray(0, body.length).equals(body)
      : status >= 300 || wanted.equals(body)
    if (!isGood) {
      const [had, want] = [body, wanted].map((each) =>
        JSON.stringify(each.toString('latin1', 0, 200)),
      )
      throw new Error(`${body.length} bytes, ${had}, and not ${wanted.length}, ${want}`)
    }
    this.#checkTokens(body)
    return isCut ? 'cut' : `${status}`
  }

  /** Ends what it has begun; the connection that others may use stays. */
  leave(): void {
    for (const connection of this.#connections) connection.close()
  }

  async #takeConnection(): Promise<Connection> {
    const { kept } = this.#lane
    this.#lane.kept = null
    const isFresh = this.random.below(4) === 0
    if (kept !== null && kept.generation === this.generation && !isFresh) {
      this.#connections.add(kept.connection)
      this.before = kept.path
      return kept.connection
    }
    kept?.connection.close()
    return this.dial()
  }

  #keep(connection: Connection, { path }: Asking): void {
    this.#connections.delete(connection)
    this.#lane.kept = { connection, generation: this.generation, path }
  }

  #checkTokens(body: Buffer): void {
    const [own] = this.token.split('-')
    for (const [token] of body.toString('latin1', 0, 4096).matchAll(/soak\d+-\d+\./g)) {
      if (token.startsWith(`${own}-`) && token !== this.token) {
        throw new Error(`what is for ${token} was sent`)
      }
    }
  }
}

/** In pieces of no special size. */
function toChunks(body: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let start = 0; start < body.length; start += 30_000) {
    const chunk = body.subarray(start, start + 30_000)
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return [...chunks, Buffer.from('0\r\n\r\n')]
}
