import { cgi } from '@common-gateway/fastify'
import Fastify, { type FastifyInstance } from 'fastify'
import { realpath, stat } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'
import path from 'node:path'
import type { Site } from './arguments.js'
import { cannotStart } from './command-error.js'
import { sendError, sendNotFound } from './error-response.js'
import { logFailures } from './failure-log.js'
import { toPrintable } from './printable.js'
import { RequestJournal } from './request-journal.js'
import { logRequests } from './request-log.js'
import { createLogger, describe, FailuresOnly } from './request-logger.js'
import { serveStaticFiles } from './static-files.js'

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  /** Absolute real path of the folder that is served. */
  readonly folder: string
  /** Whether the folder has scripts. */
  readonly hasScripts: boolean
  /** Lets what is under way come to its end, for ten seconds at most, and ends. */
  close(): Promise<void>
}

/** How long scripts and transfers may go on after the server was told to stop, in milliseconds. */
const CLOSE_TIMEOUT = 10_000

/** Starts to serve a folder. @throws {CommandError} that says why it cannot be done. */
export async function startServer({ folder, host, port }: Site): Promise<RunningServer> {
  const realFolder = await findFolder(folder)
  const scripts = path.join(realFolder, 'cgi-bin')
  const hasScripts = await isFolder(scripts)
  const servers: Server[] = []
  const journal = new RequestJournal()
  logRequests(journal)
  logFailures(journal, realFolder)
  const log = createLogger((facts, message) => {
    process.stderr.write(`common-gateway: ${toPrintable(describe(facts, message))}\n`)
  })
  const app = Fastify({
    loggerInstance: log,
    childLoggerFactory: (_logger, _bindings, _options, request) => journal.loggerOf(request) ?? log,
    logController: new FailuresOnly(),
    frameworkErrors: sendError,
    // It bounds closing, too, and would end the process before the scripts have had their time.
    pluginTimeout: 0,
    // Asked for a server for each address of a name: localhost has two.
    serverFactory: (handler) => {
      const server = createWatchedServer(handler, journal)
      servers.push(server)
      return server
    },
  })
  app.setErrorHandler(sendError)
  app.setNotFoundHandler(sendNotFound)
  ignoreBodies(app)
  await serveStaticFiles(app, realFolder, scripts)
  if (hasScripts) {
    await app.register(cgi, {
      root: scripts,
      documentRoot: realFolder,
      closeTimeout: CLOSE_TIMEOUT,
    })
  }
  await app.listen({ host, port }).catch((error: unknown) => {
    throw cannotStart(`cannot listen on port ${port} of ${host}: ${explain(error)}`, error)
  })
  return {
    url: toUrl(host, app),
    folder: realFolder,
    hasScripts,
    async close() {
      const cutOff = (): void => servers.forEach((server) => server.closeAllConnections())
      // The gateway first: it says why a script is cut off, where this looks like a client that leaves.
      setTimeout(cutOff, CLOSE_TIMEOUT + 100).unref()
      await app.close()
    },
  }
}

/** The folder's real path, which links in it are measured against. */
async function findFolder(folder: string): Promise<string> {
  if (!(await isFolder(folder))) throw cannotStart(`there is no folder '${folder}'`)
  const realFolder = await realpath(folder)
  if (path.basename(realFolder) === 'cgi-bin') {
    const parent = path.dirname(realFolder)
    throw cannotStart(`'${folder}' is a folder of scripts: serve the one it is in, '${parent}'`)
  }
  return realFolder
}

async function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

function createWatchedServer(handler: RequestListener, journal: RequestJournal): Server {
  // No bound on how long an upload takes: the gateway has one for uploads that stall.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    journal.watch(request, response)
    response.once('close', () => {
      // The server has been told to stop: it would wait for the client to close the connection.
      if (!server.listening) request.socket.destroySoon()
    })
    handler(request, response)
  })
  return server
}

/** A body that nobody asked for is no reason to answer 415 in the place of 404. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

function toUrl(host: string, app: FastifyInstance): string {
  // A server that listens on a port has an address of this kind.
  const { port } = app.server.address() as AddressInfo
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}/`
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : String(error)
  return EXPLANATIONS[code] ?? message
}

/** What the system's errors mean here; they are the ones a person can do something about. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  EACCES: 'this user is not allowed to',
  EADDRINUSE: 'another program has it; --port gives another',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAI_AGAIN: 'the name cannot be looked up',
  ENOTFOUND: 'there is no such name',
}
