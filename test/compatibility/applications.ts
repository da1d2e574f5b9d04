/** Programs of the cells. Each prints the port that it listens on; `/` is its own page. */

const LISTEN = `.listen(0, '127.0.0.1', function () { console.log('port', this.address().port) })`

const FASTIFY = `import cgi from '@common-gateway/fastify'
import Fastify from 'fastify'
const fastify = Fastify()
await fastify.register(cgi)
fastify.get('/', async () => 'own page')
await fastify.listen({ port: 0, host: '127.0.0.1' })
console.log('port', fastify.server.address().port)
`

const EXPRESS = `import cgi from '@common-gateway/express'
import express from 'express'
const app = express()
app.use(cgi())
app.get('/', (request, response) => response.send('own page'))
app${LISTEN}
`

/** The gateway before another server: what is no script goes to the listener of the framework. */
const before = (
  setUp: string,
  listener: string,
): string => `import cgi from '@common-gateway/express'
import { createServer } from 'node:http'
${setUp}
const gateway = cgi()
createServer((request, response) => {
  gateway(request, response, (error) => {
    if (error) response.writeHead(error.status).end()
    else ${listener}
  })
})${LISTEN}
`

const OWN_PAGE = `response.end('own page')`
const NEST = `import 'reflect-metadata'
import { Controller, Get, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
class Page { show() { return 'own page' } }
Get()(Page.prototype, 'show', Object.getOwnPropertyDescriptor(Page.prototype, 'show'))
Controller()(Page)
class AppModule {}
Module({ controllers: [Page] })(AppModule)
`
const NEST_LISTEN = `await app.listen(0, '127.0.0.1')
console.log('port', app.getHttpServer().address().port)
`

export const APPLICATIONS = {
  fastify: FASTIFY,
  express: EXPRESS,
  'node:http': before('', OWN_PAGE),
  require: EXPRESS.replace(/import (\w+) from ('[^']+')/g, 'const $1 = require($2)'),
  connect: `import cgi from '@common-gateway/express'
import connect from 'connect'
connect().use(cgi()).use((request, response) => ${OWN_PAGE})${LISTEN}
`,
  polka: `import cgi from '@common-gateway/express'
import polka from 'polka'
const { server } = polka().use(cgi()).get('/', (request, response) => ${OWN_PAGE}).listen(0, '127.0.0.1')
server.once('listening', () => console.log('port', server.address().port))
`,
  vite: `import cgi from '@common-gateway/express'
import { createServer } from 'vite'
const scripts = { name: 'scripts', configureServer({ middlewares }) { middlewares.use(cgi()) } }
const server = await createServer({ plugins: [scripts], server: { host: '127.0.0.1', port: 0 } })
await server.listen()
console.log('port', server.httpServer.address().port)
`,
  koa: `import cgi from '@common-gateway/express'
import Koa from 'koa'
import connect from 'koa-connect'
const app = new Koa()
app.use(connect(cgi())).use((context) => { context.body = 'own page' })
app${LISTEN}
`,
  hono: before(
    `import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
const app = new Hono().get('/', (context) => context.text('own page'))
const listener = getRequestListener(app.fetch)`,
    'listener(request, response)',
  ),
  next: before(
    `import createNext from 'next'
const app = createNext({ dev: true })
await app.prepare()
const listener = app.getRequestHandler()`,
    'listener(request, response)',
  ),
  'nest-express': `${NEST}import cgi from '@common-gateway/express'
const app = await NestFactory.create(AppModule, { logger: false })
app.use(cgi())
${NEST_LISTEN}`,
  'nest-fastify': `${NEST}import cgi from '@common-gateway/fastify'
import { FastifyAdapter } from '@nestjs/platform-fastify'
const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
await app.register(cgi)
${NEST_LISTEN}`,
} as const

/** Answers with its own status, which Python's server could not send, and later than most: after 100 ms, libuv reads. */
export const SCRIPT = `#!/bin/sh
sleep 0.3
printf 'Status: 403 Forbidden\\r\\nContent-Type: text/plain\\r\\n\\r\\nno entry'
`

/** A test for a runner with Jest's functions. */
export const RUNNER_TEST = `import cgi from '@common-gateway/express'
import { createServer } from 'node:http'
test('a script sends its own status', async () => {
  const gateway = cgi()
  const server = createServer((request, response) => gateway(request, response, () => response.end()))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch('http://127.0.0.1:' + server.address().port + '/cgi-bin/forbidden.sh')
  expect([answer.status, await answer.text()]).toEqual([403, 'no entry'])
  server.close()
  server.closeAllConnections()
  await gateway.close()
}, 30_000)
`

/** What strict compilers have to take, and the mistake that they have to find. */
export const TYPED = `import type { CgiOptions } from '@common-gateway/core'
import middleware, { CgiError } from '@common-gateway/express'
import { fastcgi } from '@common-gateway/fastcgi'
import plugin from '@common-gateway/fastify'
import { warm } from '@common-gateway/warm'
import express, { type Request } from 'express'
import Fastify from 'fastify'

const options: CgiOptions = { root: './cgi-bin', spawner: warm() }
// @ts-expect-error There is no such option.
middleware({ rot: './cgi-bin' })
const gateway = middleware<Request>({ ...options, interpreters: { '.php': fastcgi('php-cgi') } })
express().use('/tools', gateway)
const fastify = Fastify({ http2: true })
await fastify.register(plugin, { prefix: '/tools', root: './tools' })
export const running: number = gateway.stats().running
export const isOurs = (error: unknown): boolean => error instanceof CgiError
`

export const TYPED_REQUIRE = `import cgi = require('@common-gateway/express')
import fastifyCgi = require('@common-gateway/fastify')
export const gateway = cgi({ root: './cgi-bin' })
export const plugin = fastifyCgi
`
