import { CgiError, type CgiOptions } from '@common-gateway/core'
import expressAdapter from '@common-gateway/express'
import fastifyAdapter from '@common-gateway/fastify'
import createExpress, { type ErrorRequestHandler } from 'express'
import Fastify from 'fastify'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { childrenOf, descriptorsOf, until } from '../support/processes.js'

/** A server with the gateway in it. */
export interface LiveHost {
  readonly port: number
  /** Throws each uncaught error, and each error that is not a CgiError, since the last call. */
  assertNoFailure(): void
  /** Throws if a request has left something behind. */
  assertNothingLeft(): Promise<void>
  close(): Promise<void>
}

/** Reads all that it is sent. */
const ECHO = `#!/bin/sh
cat > /dev/null
printf 'Content-Type: text/plain\\n\\nechoed'
`
/** Prints what the test has written for it. */
const SAY = `#!/bin/sh
cat -- "$OUTPUT"
`

type Options = Pick<CgiOptions, 'root' | 'env' | 'killTimeout' | 'bodyLimit'>

/** Starts a server of a framework. `report` is called with each error of the framework. */
type Start = (
  options: Options,
  report: (error: unknown) => void,
) => Promise<{ port: number; close: () => Promise<void> }>

/** A server whose responses say which method they answer: one to HEAD looks like no other. */
function createHost(listener: RequestListener): Server {
  return createServer((request, response) => {
    response.setHeader('X-Method', request.method ?? '')
    listener(request, response)
  })
}

const quiet = { warn: (): void => {}, error: (): void => {} }

export const startNodeHttp: Start = async (options, report) => {
  const gateway = expressAdapter({ ...options, logger: quiet })
  const server = createHost((request, response) => {
    gateway(request, response, (error) => {
      if (error !== undefined && error !== null) report(error)
      const status = error instanceof CgiError ? error.statusCode : 404
      const headers = error instanceof CgiError ? error.headers : {}
      response.writeHead(status, { ...headers })
      response.end('not found')
    })
  })
  return listen(server, () => gateway.close())
}

async function listen(server: Server, close: () => Promise<void>): ReturnType<Start> {
  server.listen(0, '127.0.0.1')
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

export const startExpress: Start = async (options, report) => {
  const gateway = expressAdapter({ ...options, logger: quiet })
  const app = createExpress()
  // Or it prints every error.
  app.set('env', 'test')
  app.use(gateway)
  const hear: ErrorRequestHandler = (error, _request, _response, next) => {
    report(error)
    next(error)
  }
  app.use(hear)
  return listen(createHost(app), () => gateway.close())
}

export const startFastify: Start = async (options, report) => {
  const app = Fastify({ serverFactory: createHost })
  app.addHook('onError', async (_request, _reply, error) => report(error))
  await app.register(fastifyAdapter, options)
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

/** @param output - the file that `say.cgi` prints. */
export async function openLiveHost(start: Start): Promise<LiveHost & { readonly output: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-fuzz-'))
  const root = path.join(folder, 'cgi-bin')
  const output = path.join(folder, 'output')
  mkdirSync(root)
  writeFileSync(output, '')
  writeFileSync(path.join(root, 'echo.cgi'), ECHO, { mode: 0o755 })
  writeFileSync(path.join(root, 'say.cgi'), SAY, { mode: 0o755 })

  const failures: unknown[] = []
  const fail = (error: unknown): void => {
    failures.push(error)
  }
  process.on('uncaughtException', fail).on('unhandledRejection', fail)
  const { port, close } = await start(
    { root, env: { OUTPUT: output }, killTimeout: 500, bodyLimit: 1000 },
    (error) => {
      // What a script has done wrong is no failure, nor what the framework finds wrong with a request.
      const isMeant = error instanceof Error && 'statusCode' in error
      if (!(error instanceof CgiError) && !(isMeant && Number(error.statusCode) < 500)) fail(error)
    },
  )
  const [children, descriptors] = [childrenOf(process.pid), descriptorsOf(process.pid)]
  return {
    port,
    output,
    assertNoFailure() {
      assert.deepEqual(failures.splice(0), [])
    },
    async assertNothingLeft() {
      await until(() => childrenOf(process.pid).length <= children.length, 'no child is left')
      await until(
        () => descriptorsOf(process.pid).length <= descriptors.length,
        'no descriptor is left',
      )
    },
    async close() {
      await close()
      process.off('uncaughtException', fail).off('unhandledRejection', fail)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
