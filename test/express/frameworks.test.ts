import cgi, { type CgiMiddleware } from '@common-gateway/express'
import fastifyCgi from '@common-gateway/fastify'
import fastifyExpress from '@fastify/express'
import middie from '@fastify/middie'
import { Controller, Get, type INestApplication, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import createConnect from 'connect'
import createExpress from 'express'
import Fastify from 'fastify'
import Koa from 'koa'
import koaConnect from 'koa-connect'
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import polka from 'polka'
import polkaNext from 'polka-next'
// oxlint-disable-next-line import/no-unassigned-import -- Nest's decorators need what it adds to Reflect
import 'reflect-metadata'
import { createServer as createViteServer, type Plugin } from 'vite'
import { exchange, send } from '../support/client.js'
import { CGI_BIN, readReport, saying } from '../support/fixtures.js'
import { listen } from '../support/listen.js'

const root = CGI_BIN
const logger = { warn(): void {}, error(): void {} }

/** Starts an application with a gateway at `mount`; returns its port. */
type Start = (t: Test, mount: string, gateway: CgiMiddleware) => Promise<number>

/** The frameworks that tell of a mount by `originalUrl` alone, or by `baseUrl` as Express. */
const frameworks: Record<string, Start> = {
  Connect(t, mount, gateway) {
    const app = createConnect()
    app.use(mount, gateway)
    return listen(t, app)
  },
  'Connect in Connect'(t, mount, gateway) {
    const [, first = '', rest = '/'] = /^(\/[^/]*)(.*)$/.exec(mount) ?? []
    const inner = createConnect()
    inner.use(rest === '' ? '/' : rest, gateway)
    const app = createConnect()
    app.use(first, inner)
    return listen(t, app)
  },
  'Polka 0.5'(t, mount, gateway) {
    const app = polka()
    app.use(mount, gateway)
    return listen(t, app.handler)
  },
  'Polka 1.0'(t, mount, gateway) {
    const app = polkaNext()
    // The types of the two are of different requests.
    app.use(mount, gateway as never)
    return listen(t, app.handler as RequestListener)
  },
  async '@fastify/middie'(t, mount, gateway) {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(middie)
    app.use(mount, gateway)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  },
  async '@fastify/express'(t, mount, gateway) {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(fastifyExpress)
    app.use(mount, gateway)
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  },
  async 'Vite, in a plugin'(t, mount, gateway) {
    const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const plugin: Plugin = {
      name: 'scripts',
      configureServer: ({ middlewares }) => void middlewares.use(mount, gateway),
    }
    const server = await createViteServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      plugins: [plugin],
      optimizeDeps: { noDiscovery: true },
      server: { host: '127.0.0.1', port: 0, hmr: false, ws: false, watch: null },
    })
    t.after(() => server.close())
    await server.listen()
    assert.ok(server.httpServer)
    return (server.httpServer.address() as AddressInfo).port
  },
  Express(t, mount, gateway) {
    const app = createExpress()
    app.use(mount, gateway)
    return listen(t, app)
  },
}

void t.test('MAP-1 mounted in frameworks that take middlewares', async (t) => {
  for (const [name, start] of Object.entries(frameworks)) {
    void t.test(`MAP-1 ENV-1 the mount is part of SCRIPT_NAME (${name})`, async (t) => {
      const port = await start(t, '/tools', cgi({ root, logger }))
      for (const [url, pathInfo, query] of [
        ['/tools/report.cgi', undefined, ''],
        ['/tools/report.cgi?', undefined, ''],
        ['/tools/report.cgi/a/b?c=/tools/d', '/a/b', 'c=/tools/d'],
        ['/tools/report.cgi/tools/report.cgi?x', '/tools/report.cgi', 'x'],
        ['/tools/report.cgi/a%20b//c', '/a b//c', ''],
      ] as const) {
        const { variables } = readReport((await send(port, url)).text)
        assert.equal(variables.get('SCRIPT_NAME'), '/tools/report.cgi', url)
        assert.equal(variables.get('PATH_INFO'), pathInfo, url)
        assert.equal(variables.get('QUERY_STRING'), query, url)
        // Polka and Vite take a bare question mark away.
        assert.equal(variables.get('REQUEST_URI')?.replace(/\?$/, ''), url.replace(/\?$/, ''))
      }
      assert.equal((await send(port, '/report.cgi')).text.includes('SCRIPT_NAME'), false)
      assert.equal((await send(port, '/tools/none.cgi')).status, 404)
    })

    void t.test(`MAP-1 one program sees whether there was a slash (${name})`, async (t) => {
      const script = path.join(root, 'report.cgi')
      const port = await start(t, '/tool', cgi({ script, logger }))
      for (const [url, pathInfo] of [
        ['/tool?q', undefined],
        ['/tool', undefined],
        ['/tool/', '/'],
        ['/tool/?q', '/'],
        ['/tool/a?q', '/a'],
      ] as const) {
        const { variables } = readReport((await send(port, url)).text)
        assert.equal(variables.get('PATH_INFO'), pathInfo, url)
        assert.equal(variables.get('SCRIPT_NAME'), '/tool', url)
      }
    })

    void t.test(`MAP-1 a prefix is below the mount (${name})`, async (t) => {
      const port = await start(t, '/tools', cgi({ root, logger, prefix: '/cgi' }))
      const { variables } = readReport((await send(port, '/tools/cgi/report.cgi/x')).text)
      assert.equal(variables.get('SCRIPT_NAME'), '/tools/cgi/report.cgi')
      assert.equal(variables.get('PATH_INFO'), '/x')
      const atRoot = await start(t, '/tools', cgi({ root, logger, prefix: '/' }))
      const other = readReport((await send(atRoot, '/tools/report.cgi/x')).text)
      assert.equal(other.variables.get('SCRIPT_NAME'), '/tools/report.cgi')
    })

    // It cannot take the same request a second time: "Cannot redefine property: protocol".
    if (name === '@fastify/express') continue

    void t.test(
      `RES-2 a local redirect leads to another script of the mount (${name})`,
      async (t) => {
        const port = await start(t, '/tools', cgi({ root, logger }))
        const url = saying('Location: /tools/report.cgi/x?y\n\n').replace('/cgi-bin', '/tools')
        for (const method of ['GET', 'POST']) {
          const { variables } = readReport((await send(port, url, { method, body: 'b' })).text)
          assert.equal(variables.get('SCRIPT_NAME'), '/tools/report.cgi')
          assert.equal(variables.get('PATH_INFO'), '/x')
          assert.equal(variables.get('QUERY_STRING'), 'y')
          assert.equal(variables.get('REQUEST_METHOD'), 'GET')
        }
      },
    )
  }

  void t.test('MAP-1 a request-target in absolute form, in Connect', async (t) => {
    const port = await frameworks['Connect']?.(t, '/tools', cgi({ root, logger }))
    const answer = await exchange(
      port ?? 0,
      'GET http://a.example/tools/report.cgi/x?y HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    )
    assert.match(answer, /^SCRIPT_NAME=\/tools\/report\.cgi$/m)
    assert.match(answer, /^PATH_INFO=\/x$/m)
  })

  void t.test('MAP-1 a URL that a middleware has rewritten, in Connect', async (t) => {
    const app = createConnect()
    app.use((request, _response, next) => {
      request.url = request.url?.replace('/old/', '/cgi-bin/')
      next()
    })
    app.use(cgi({ root, logger }))
    const { variables } = readReport((await send(await listen(t, app), '/old/report.cgi/x')).text)
    assert.equal(variables.get('SCRIPT_NAME'), '/cgi-bin/report.cgi')
    assert.equal(variables.get('REQUEST_URI'), '/old/report.cgi/x')
  })

  void t.test('MAP-1 @fastify/middie, where the router takes slashes away', async (t) => {
    const app = Fastify({
      routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    })
    t.after(() => app.close())
    await app.register(middie)
    app.use('/tools', cgi({ root, logger }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    for (const [url, pathInfo] of [
      ['/tools/report.cgi/', '/'],
      ['/tools//report.cgi/x', '/x'],
      ['//tools/report.cgi/x', '/x'],
    ] as const) {
      const { variables } = readReport((await send(port, url)).text)
      assert.match(variables.get('SCRIPT_NAME') ?? '', /^\/{1,2}tools\/report\.cgi$/, url)
      assert.equal(variables.get('PATH_INFO'), pathInfo, url)
    }
  })

  void t.test('MAP-1 Koa, by koa-connect and a prefix', async (t) => {
    const app = new Koa()
    app.silent = true
    app.use(koaConnect(cgi({ root, logger, prefix: '/tools' })))
    app.use((context) => {
      if (context.path === '/own') context.body = 'own'
    })
    const answer = app.callback()
    const port = await listen(t, (request, response) => void answer(request, response))
    const { variables } = readReport((await send(port, '/tools/report.cgi/x?y')).text)
    assert.equal(variables.get('SCRIPT_NAME'), '/tools/report.cgi')
    assert.equal((await send(port, '/own')).text, 'own')
    assert.equal((await send(port, '/tools/none.cgi')).status, 404)
    const failed = await send(port, saying('no header\n\n').replace('/cgi-bin', '/tools'))
    assert.deepEqual([failed.status, failed.text], [502, 'Bad Gateway'])
    const redirected = saying('Location: /own\n\n').replace('/cgi-bin', '/tools')
    assert.equal((await send(port, redirected)).text, 'own')
  })
})

class OwnController {
  own(): string {
    return 'own'
  }
}
// What the decorators `@Controller()` and `@Get('own')` do.
const ownRoute = Object.getOwnPropertyDescriptor(OwnController.prototype, 'own')
assert.ok(ownRoute)
Get('own')(OwnController.prototype, 'own', ownRoute)
Controller()(OwnController)

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest's modules are made so
class AppModule {}
Module({ controllers: [OwnController] })(AppModule)

void t.test('Nest', async (t) => {
  async function listening(t: Test, app: INestApplication): Promise<number> {
    t.after(() => app.close())
    await app.listen(0, '127.0.0.1')
    return (app.getHttpServer().address() as AddressInfo).port
  }

  async function check(port: number): Promise<void> {
    const { variables } = readReport((await send(port, '/tools/report.cgi/x?y')).text)
    assert.equal(variables.get('SCRIPT_NAME'), '/tools/report.cgi')
    assert.equal(variables.get('REQUEST_URI'), '/tools/report.cgi/x?y')
    assert.equal((await send(port, '/own')).text, 'own')
    assert.equal((await send(port, '/tools/none.cgi')).status, 404)
    for (const [bytes, status] of [
      ['no header\n\n', 502],
      ['Status: 403 No\n\nown words', 403],
    ] as const) {
      assert.equal((await send(port, saying(bytes).replace('/cgi-bin', '/tools'))).status, status)
    }
    const sending = {
      method: 'POST',
      headers: ['Content-Type', 'application/json'],
      body: '{"a":1}',
    }
    assert.equal((await send(port, '/tools/echo.cgi', sending)).text, '{"a":1}')
  }

  void t.test('MAP-1 Errors Nest on Express', async (t) => {
    const app = await NestFactory.create(AppModule, { logger: false })
    app.use('/tools', cgi({ root, logger }))
    await check(await listening(t, app))
  })

  void t.test('MAP-1 Errors Nest on Fastify, by the plugin', async (t) => {
    const adapter = new FastifyAdapter()
    const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
      logger: false,
    })
    await app.register(fastifyCgi, { root, prefix: '/tools' })
    await check(await listening(t, app))
  })

  void t.test('MAP-1 Nest on Fastify, by the middleware', async (t) => {
    const adapter = new FastifyAdapter()
    const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, {
      logger: false,
    })
    app.use('/tools', cgi({ root, logger }))
    await check(await listening(t, app))
  })
})
