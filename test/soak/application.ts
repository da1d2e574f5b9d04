import expressAdapter from '@common-gateway/express'
import fastifyAdapter from '@common-gateway/fastify'
import type { CgiOptions, CgiStats } from '@common-gateway/core'
import createExpress from 'express'
import Fastify from 'fastify'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'

/** An application that runs: routes of its own, and three gateways. */
export interface Application {
  readonly port: number
  readonly server: Server
  /** The tokens of the requests that it has, and has not answered. */
  readonly underWay: ReadonlySet<string>
  stats(): CgiStats[]
  /** Shuts down as an application does: what runs may finish. */
  close(): Promise<void>
}

export type Framework = 'fastify' | 'express'

type Options = Omit<CgiOptions<never>, 'prefix'>

/** The mounts, and how each of them differs. */
const MOUNTS: Readonly<Record<string, Options>> = {
  '/cgi-bin': {
    maxProcesses: 64,
    // All but the first two are longer than anything that is no time-out takes.
    killTimeout: 300,
    lingerTimeout: 300,
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  },
  '/hasty': {
    headersTimeout: 500,
    bodyTimeout: 400,
    requestTimeout: 1_000,
    killTimeout: 200,
    lingerTimeout: 100,
  },
  '/narrow': { maxProcesses: 2, maxQueue: 4, queueTimeout: 150, killTimeout: 200 },
}

/** How many processes of the application's own have not been heard to end. */
export const ownChildren = { left: 0 }

export function startApplication(framework: Framework, options: Options): Promise<Application> {
  const all = Object.entries(MOUNTS).map(([mount, own]): [string, Options] => [
    mount,
    { closeTimeout: 5_000, errorPage: false, ...own, ...options },
  ])
  return framework === 'fastify' ? startFastify(all) : startExpress(all)
}

async function startFastify(mounts: readonly [string, Options][]): Promise<Application> {
  const underWay = new Set<string>()
  const app = Fastify({
    serverFactory: (listener) => createHost(listener, underWay),
    logger: { level: 'warn', stream: new Writable({ write: (_line, _encoding, done) => done() }) },
  })
  app.get('/plain', (request) => `plain ${request.url.split('?')[1] ?? ''}`)
  app.get<{ Params: { code: string } }>('/child/:code', ({ params }) => runChild(params.code))
  // None of these options is a function, which would take the framework's own request.
  for (const [prefix, own] of mounts)
    await app.register(fastifyAdapter, { ...own, prefix } as object)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    ...addressOf(app.server),
    underWay,
    stats: () => [...app.cgi.values()].map((gateway) => gateway.stats()),
    close: () => app.close(),
  }
}

async function startExpress(mounts: readonly [string, Options][]): Promise<Application> {
  const app = createExpress()
  // Or it prints every error.
  app.set('env', 'test')
  app.get('/plain', (request, response) => {
    response.send(`plain ${request.url.split('?')[1] ?? ''}`)
  })
  app.get('/child/:code', async ({ params }, response) => {
    response.send(await runChild(params.code))
  })
  const logger = { warn: (): void => {}, error: (): void => {} }
  const gateways = mounts.map(([mount, own]) => {
    // As above.
    const gateway = expressAdapter({ ...(own as CgiOptions<IncomingMessage>), logger })
    app.use(mount, gateway)
    return gateway
  })
  const underWay = new Set<string>()
  const server = createHost(app, underWay)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...addressOf(server),
    underWay,
    stats: () => gateways.map((gateway) => gateway.stats()),
    async close() {
      const closed = once(server, 'close')
      server.close()
      await Promise.all([closed, ...gateways.map((gateway) => gateway.close())])
    },
  }
}

/** A server whose answers say which request they are for. */
function createHost(listener: RequestListener, underWay: Set<string>): Server {
  const server = createServer((request, response) => {
    const token = request.headers['x-token']
    if (typeof token === 'string') {
      response.setHeader('X-Token', token)
      underWay.add(token)
      response.once('close', () => underWay.delete(token))
    }
    listener(request, response)
  })
  // Or a client that is slow to ask again finds its connection closed.
  server.keepAliveTimeout = 0
  return server
}

function addressOf(server: Server): Pick<Application, 'port' | 'server'> {
  // A server that listens on a port has an address of this kind.
  return { port: (server.address() as AddressInfo).port, server }
}

/** A process that has nothing to do with the gateway. */
async function runChild(code: string): Promise<string> {
  ownChildren.left += 1
  const child = spawn(code === '0' ? 'true' : 'false', { stdio: 'ignore' })
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  ownChildren.left -= 1
  return `exited ${exitCode}`
}
