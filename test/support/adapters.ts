import expressAdapter, { messageClasses } from '@common-gateway/express'
import fastifyAdapter from '@common-gateway/fastify'
import { type CgiOptions, type CgiRun, type CgiStats, createErrorPage } from '@common-gateway/core'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import Fastify, { type FastifyHttpOptions, type FastifyRequest } from 'fastify'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import type { Peer } from './client.js'
import { CERTIFICATE, KEY } from './fixtures.js'

/** One message that the gateway or the framework logged. */
interface LogRecord {
  readonly message: string
  /** The script's pid, exit code and so on; an error's own fields are among them. */
  readonly [fact: string]: unknown
}

/** A server that runs, with the gateway in it. */
export interface RunningGateway extends Peer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  /** What has been logged as a warning or an error. */
  readonly log: readonly LogRecord[]
  /** Resolves with the first record, past or future, that fits. */
  logged(fits: (record: LogRecord) => boolean): Promise<LogRecord>
  /** Empties the log. */
  forgetLog(): void
  /** What the gateway counts. */
  stats(): CgiStats
  /** Shuts down as an application does: what runs may finish. */
  shutDown(): Promise<void>
  /** Stops the server and every script. */
  close(): Promise<void>
}

/** How to set the application up. */
export interface Setup {
  /** Options of the gateway; functions among them get the framework's own request. */
  readonly options?: CgiOptions<never>
  /** Where the gateway is mounted (Fastify `prefix`, Express mount path); none: `/cgi-bin`. */
  readonly mount?: string
  /** Header fields that the application sets before the gateway. */
  readonly fields?: Readonly<Record<string, string | string[]>>
  /** The largest header of a request that the server takes, in bytes. Default: Node's. */
  readonly maxHeaderSize?: number
  /** Whose `X-Forwarded-*` fields are trusted. */
  readonly trustProxy?: boolean | string
  /** Gets the `cgi` of each request that the application sees, when its response is over. */
  readonly onClose?: (run: CgiRun | null | undefined) => void
}

/** A framework with its adapter. */
export interface Adapter {
  readonly name: string
  /** Whether the framework finds nothing for a request-target in absolute form. */
  readonly refusesAbsoluteForm?: boolean
  /** Whether scripts may be run by fork servers. */
  readonly hasForkServers?: boolean
  /** How its server is spoken to. */
  readonly httpVersion: Peer['httpVersion']
  readonly scheme: Peer['scheme']
  /**
   * Starts an application that has the gateway and one route of its own, `GET /plain`, which answers
   * `plain METHOD QUERY`.
   */
  start(setup?: Setup): Promise<RunningGateway>
}

export const HTTP1 = { httpVersion: 1, scheme: 'http' } as const

/** What is tested is production, unless a test asks for more. */
export const PRODUCTION = { errorPage: false }

export class Log {
  readonly records: LogRecord[] = []
  readonly #waiting = new Set<() => void>()

  add(record: LogRecord): void {
    this.records.push(record)
    for (const look of this.#waiting) look()
  }

  waitFor(fits: (record: LogRecord) => boolean): Promise<LogRecord> {
    return new Promise((resolve) => {
      const look = (): void => {
        const record = this.records.find(fits)
        if (record === undefined) return
        this.#waiting.delete(look)
        resolve(record)
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** As the `logger` option of the gateway. */
  readonly logger = {
    warn: (facts: object, message: string): void => this.add(flatten({ ...facts, message })),
    error: (facts: object, message: string): void => this.add(flatten({ ...facts, message })),
  }

  /** As pino's destination. */
  readonly stream = new Writable({
    write: (line: Buffer, _encoding, done) => {
      const { msg, ...facts } = JSON.parse(line.toString()) as { msg: string }
      this.add(flatten({ ...facts, message: msg }))
      done()
    },
  })
}

function flatten({ err, ...record }: LogRecord): LogRecord {
  if (typeof err !== 'object' || err === null) return record
  return {
    ...record,
    ...Object.fromEntries(Object.entries(err).filter(([key]) => key !== 'message')),
  }
}

function createFastifyAdapter(
  name: string,
  { httpVersion, scheme }: Omit<Peer, 'port'>,
  { https, ...serverOptions }: { readonly http2?: true; readonly https?: object },
): Adapter {
  return {
    name,
    httpVersion,
    scheme,
    async start(setup = {}) {
      const { options = {}, mount, trustProxy = false, fields = {}, maxHeaderSize, onClose } = setup
      const log = new Log()
      const limit = headerLimit(maxHeaderSize)
      const server: object = {
        ...serverOptions,
        ...(https ? { https: { ...https, ...limit } } : { http: limit }),
      }
      // Each kind of server makes another type of the application; this is the part they share.
      const app = Fastify({
        ...server,
        trustProxy,
        logger: { level: 'warn', stream: log.stream },
      } as FastifyHttpOptions<Server>)
      app.addHook('onRequest', (request, reply, done) => {
        reply.headers(fields)
        if (onClose !== undefined) reply.raw.on('close', () => onClose(request.cgi))
        done()
      })
      app.get('/plain', (request) => `plain ${request.method} ${request.url.split('?')[1] ?? ''}`)
      // The options' functions take this framework's request; the setup cannot know which it will be.
      const own = { ...PRODUCTION, ...(options as CgiOptions<FastifyRequest>) }
      await app.register(fastifyAdapter, mount === undefined ? own : { ...own, prefix: mount })
      await app.listen({ port: 0, host: '127.0.0.1' })
      const counted = app.cgi.get(mount ?? '/cgi-bin')
      assert.ok(counted)
      const gateway = { stats: () => counted.stats(), close: () => app.close() }
      return running(app.server, log, gateway, { httpVersion, scheme })
    },
  }
}

/** The limit as an option of node:http and of node:http2. */
function headerLimit(maxHeaderSize: number | undefined): object {
  if (maxHeaderSize === undefined) return {}
  return { maxHeaderSize, settings: { maxHeaderListSize: maxHeaderSize } }
}

const TLS = { key: KEY, cert: CERTIFICATE, allowHTTP1: true }

export const fastify5 = createFastifyAdapter('Fastify 5', HTTP1, {})

export const fastify5Http2 = createFastifyAdapter(
  'Fastify 5, HTTP/2',
  { httpVersion: 2, scheme: 'http' },
  { http2: true },
)

export const fastify5Http2Tls = createFastifyAdapter(
  'Fastify 5, HTTP/2 over TLS',
  { httpVersion: 2, scheme: 'https' },
  { http2: true, https: TLS },
)

/** The same server as the one before. */
export const fastify5Http1Tls = createFastifyAdapter(
  'Fastify 5, HTTP/1.1 to a server of HTTP/2',
  { httpVersion: 1, scheme: 'https' },
  { http2: true, https: TLS },
)

export const express5: Adapter = {
  name: 'Express 5',
  ...HTTP1,
  start(setup) {
    return startExpress(() => createExpress5(), setup)
  },
}

export const express4: Adapter = {
  name: 'Express 4',
  ...HTTP1,
  start(setup) {
    return startExpress(() => createExpress4(), setup)
  },
}

/** Express 5, whose requests and responses are created with its prototypes. */
export const express5MessageClasses: Adapter = {
  name: 'Express 5, messageClasses',
  ...HTTP1,
  start(setup) {
    return startExpress(() => createExpress5(), setup, messageClasses)
  },
}

/** The same with Express 4. */
export const express4MessageClasses: Adapter = {
  name: 'Express 4, messageClasses',
  ...HTTP1,
  start(setup) {
    return startExpress(() => createExpress4(), setup, messageClasses)
  },
}

export const nodeHttp: Adapter = {
  name: 'node:http',
  ...HTTP1,
  async start(setup = {}) {
    const { options = {}, mount, trustProxy, fields = {}, maxHeaderSize, onClose } = setup
    const log = new Log()
    const gateway = expressAdapter({
      ...(trustProxy === undefined ? {} : { trustProxy }),
      ...PRODUCTION,
      logger: log.logger,
      ...(options as CgiOptions<IncomingMessage>),
      ...(mount === undefined ? {} : { prefix: mount }),
    })
    const listener: RequestListener = (request, response) => {
      if (onClose !== undefined) response.on('close', () => onClose(request.cgi))
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
      const [path, query = ''] = (request.url ?? '').split('?')
      if (path === '/plain') {
        response.end(`plain ${request.method} ${query}`)
        return
      }
      gateway(request, response, (error) => {
        const status =
          error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 404
        const headers = error instanceof Error && 'headers' in error ? error.headers : {}
        const { errorPage = false } = options
        const page = errorPage ? createErrorPage(error, request.headers.accept) : null
        response.writeHead(status, { ...(headers as Record<string, string>), ...page?.headers })
        response.end(page?.body ?? (error instanceof Error ? error.message : 'not found'))
      })
    }
    return listenWith(listener, log, gateway, headerLimit(maxHeaderSize))
  },
}

/** Every adapter, over HTTP/1.1 without TLS. */
export const adapters: readonly Adapter[] = [fastify5, express5, express4, nodeHttp]

/** What Express 4 and 5 have in common here. */
interface ExpressApplication extends RequestListener {
  readonly request: object
  readonly response: object
  set(name: string, value: unknown): unknown
  get(
    path: string,
    answer: (request: { method: string; url: string }, response: Sender) => void,
  ): void
  use(middleware: unknown): unknown
  use(path: string, middleware: unknown): unknown
}

interface Sender {
  send(text: string): unknown
}

// In production, Express prints every error that is not handled; these are in the log already.
const printError = console.error
console.error = (...words: unknown[]): void => {
  if (!String(words[0]).startsWith('CgiError')) printError(...words)
}

async function startExpress(
  create: () => unknown,
  setup: Setup = {},
  serverOptions: (app: ExpressApplication) => ServerOptions = () => ({}),
): Promise<RunningGateway> {
  const { options = {}, mount, trustProxy = false, fields = {}, maxHeaderSize, onClose } = setup
  const log = new Log()
  // Each version has types of its own; this is the part that they share.
  const app = create() as ExpressApplication
  app.set('trust proxy', trustProxy)
  app.set('env', 'production')
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (onClose !== undefined) response.on('close', () => onClose(request.cgi))
    for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
    next()
  })
  app.get('/plain', (request, response) => {
    response.send(`plain ${request.method} ${request.url.split('?')[1] ?? ''}`)
  })
  const gateway = expressAdapter({
    ...PRODUCTION,
    logger: log.logger,
    ...(options as CgiOptions<IncomingMessage>),
  })
  if (mount === undefined) app.use(gateway)
  else app.use(mount, gateway)
  return listenWith(app, log, gateway, { ...serverOptions(app), ...headerLimit(maxHeaderSize) })
}

/** Starts a server of HTTP/1.1 with what a framework makes. */
export async function listenWith(
  listener: RequestListener,
  log: Log,
  gateway: Pick<RunningGateway, 'stats' | 'close'>,
  options: ServerOptions = {},
): Promise<RunningGateway> {
  const server = createServer(options, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return running(server, log, gateway)
}

function running(
  server: Server,
  log: Log,
  gateway: Pick<RunningGateway, 'stats' | 'close'>,
  spoken: Omit<Peer, 'port'> = HTTP1,
): RunningGateway {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session.once('close', () => sessions.delete(session)))
  })
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    ...spoken,
    origin: `${spoken.scheme}://127.0.0.1:${port}`,
    port,
    log: log.records,
    forgetLog: () => void log.records.splice(0),
    logged: (fits) => log.waitFor(fits),
    stats: () => gateway.stats(),
    shutDown: () => gateway.close(),
    async close() {
      // A server of HTTP/2 has no such method.
      if (server.listening && 'closeAllConnections' in server) {
        const closed = once(server, 'close')
        server.close()
        server.closeAllConnections()
        await closed
      }
      const closed = gateway.close()
      // Fastify waits for sessions of HTTP/2 as long as their clients like.
      sessions.forEach((session) => session.destroy())
      await closed
    },
  }
}
