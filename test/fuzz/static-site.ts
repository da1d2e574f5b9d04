import expressAdapter from '@common-gateway/express'
import fastifyAdapter from '@common-gateway/fastify'
import fastifyStatic from '@fastify/static'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** In the source of every script, and in nothing that one prints. */
export const SOURCE = 'PASSWORD=hunter2'

const SCRIPT = `#!/bin/sh
${SOURCE}
printf 'Content-Type: text/plain\\n\\nran %s %s' "$SCRIPT_NAME" "$PATH_INFO"
`

/** A folder of files with a folder of scripts in it, as Python's server and most old sites have it. */
export interface StaticSite {
  readonly folder: string
  readonly scripts: string
  remove(): void
}

export function createStaticSite(): StaticSite {
  const whole = realpathSync(mkdtempSync(path.join(tmpdir(), 'common-gateway-static-')))
  const folder = path.join(whole, 'site')
  const scripts = path.join(folder, 'cgi-bin')
  const write = (name: string, mode = 0o755): void => {
    const file = path.join(whole, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, SCRIPT)
    chmodSync(file, mode)
  }
  for (const name of ['a.cgi', 'sub/b.cgi', '.hidden.cgi', '.dot/c.cgi']) {
    write(`site/cgi-bin/${name}`)
  }
  write('site/cgi-bin/lost-bit.cgi', 0o644)
  write('outside/o.cgi')
  symlinkSync('../../outside/o.cgi', path.join(scripts, 'out.cgi'))
  symlinkSync('../../outside', path.join(scripts, 'out'))
  symlinkSync('a.cgi', path.join(scripts, 'in.cgi'))
  writeFileSync(path.join(folder, 'page.txt'), 'a page')
  return { folder, scripts, remove: () => rmSync(whole, { recursive: true, force: true }) }
}

/** A server of the site's files, with a gateway before them. */
interface StaticServer {
  readonly port: number
  close(): Promise<void>
}

const quiet = { warn: (): void => {}, error: (): void => {} }

/** What the versions of Express have in common here. */
interface Application extends RequestListener {
  set(name: string, value: unknown): unknown
  use(...middlewares: unknown[]): unknown
}

function startExpress(
  create: typeof createExpress5,
  mount: string[],
  site: StaticSite,
): Promise<StaticServer> {
  const gateway = expressAdapter({ root: site.scripts, logger: quiet })
  // Each version has types of its own; this is the part that they share.
  const app = create() as unknown as Application
  // Or it prints every error.
  app.set('env', 'test')
  app.use(...mount, gateway)
  app.use(create.static(site.folder))
  return listen(app, () => gateway.close())
}

/** The gateway is in an application that is mounted in another, which has the static files. */
function startInner(
  create: typeof createExpress5,
  mount: string[],
  prefix: string | undefined,
  site: StaticSite,
): Promise<StaticServer> {
  const options = prefix === undefined ? {} : { prefix }
  const gateway = expressAdapter({ root: site.scripts, logger: quiet, ...options })
  // As above.
  const inner = create() as unknown as Application
  const outer = create() as unknown as Application
  outer.set('env', 'test')
  inner.set('env', 'test')
  if (prefix === undefined) inner.use('/cgi-bin', gateway)
  else inner.use(gateway)
  outer.use(...mount, inner)
  outer.use(create.static(site.folder))
  return listen(outer, () => gateway.close())
}

async function startNodeHttp(site: StaticSite): Promise<StaticServer> {
  const gateway = expressAdapter({ root: site.scripts, logger: quiet })
  const files = createExpress5.static(site.folder)
  return listen(
    (request, response) => {
      const end = (error?: unknown): void => endRequest(error, response)
      gateway(request, response, (error) => {
        // express.static asks for no more than a request of node:http has.
        if (error === undefined) files(request, response as never, end)
        else end(error)
      })
    },
    () => gateway.close(),
  )
}

function endRequest(error: unknown, response: ServerResponse): void {
  response.statusCode =
    error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 404
  response.end('no page')
}

async function listen(
  listener: RequestListener,
  close: () => Promise<void>,
): Promise<StaticServer> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    // A server that listens on a port has an address of this kind.
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await close()
    },
  }
}

async function startFastify(
  site: StaticSite,
  options: FastifyServerOptions = {},
): Promise<StaticServer> {
  const app = Fastify(options)
  await app.register(fastifyAdapter, { root: site.scripts })
  await app.register(fastifyStatic, { root: site.folder })
  return listenFastify(app)
}

/** `@fastify/static` with a route for each file, which goes before a wildcard. */
async function startFileRoutes(site: StaticSite, isFirst: boolean): Promise<StaticServer> {
  const app = Fastify({ useSemicolonDelimiter: true })
  const registerFiles = async (): Promise<unknown> =>
    app.register(fastifyStatic, { root: site.folder, wildcard: false, serveDotFiles: true })
  if (isFirst) await registerFiles()
  await app.register(fastifyAdapter, { root: site.scripts })
  if (!isFirst) await registerFiles()
  return listenFastify(app)
}

async function listenFastify(app: FastifyInstance): Promise<StaticServer> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    // As above.
    port: (app.server.address() as AddressInfo).port,
    async close() {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

/** Each way of having static files behind a gateway. */
export const STATIC_SERVERS: Readonly<Record<string, (site: StaticSite) => Promise<StaticServer>>> =
  {
    'Express 5': (site) => startExpress(createExpress5, [], site),
    // Its types are those of version 5.
    'Express 4': (site) =>
      startExpress(createExpress4 as unknown as typeof createExpress5, [], site),
    'Express 5, mounted': (site) => startExpress(createExpress5, ['/cgi-bin'], site),
    'Express 4, mounted': (site) =>
      startExpress(createExpress4 as unknown as typeof createExpress5, ['/cgi-bin'], site),
    'Express 5, mounted in an application': (site) =>
      startInner(createExpress5, [], undefined, site),
    'Express 5, in a mounted application': (site) =>
      startInner(createExpress5, ['/cgi-bin'], '/', site),
    'Express 4, in a mounted application': (site) =>
      startInner(createExpress4 as unknown as typeof createExpress5, ['/cgi-bin'], '/', site),
    'node:http': startNodeHttp,
    'Fastify 5': (site) => startFastify(site),
    'Fastify 5, slashes merged': (site) =>
      startFastify(site, { routerOptions: { ignoreDuplicateSlashes: true } }),
    'Fastify 5, case-blind': (site) =>
      startFastify(site, { routerOptions: { caseSensitive: false } }),
    'Fastify 5, a route for each file': (site) => startFileRoutes(site, false),
    'Fastify 5, a route for each file first': (site) => startFileRoutes(site, true),
  }
