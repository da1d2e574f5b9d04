import cgi from '@common-gateway/fastify'
import compress from '@fastify/compress'
import fastifyCors from '@fastify/cors'
import fastifyExpress from '@fastify/express'
import middie from '@fastify/middie'
import cors from 'cors'
import Fastify from 'fastify'
import { strict as assert } from 'node:assert'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { Answer } from '../support/answer.js'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

type Application = ReturnType<typeof Fastify>

const root = CGI_BIN
const origin = ['https://a.example', 'https://b.example']

/** The names in Vary of what a script says, with one of its own; at once, and slowly. */
async function varyOf(t: Test, app: Application): Promise<Answer[]> {
  t.after(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  // A server that listens on a port has an address of this kind.
  const { port } = app.server.address() as AddressInfo
  const bytes = 'Content-Type: text/plain\nVary: Accept-Language\nSet-Cookie: script=1\n\nbody'
  const headers = ['Origin', 'https://a.example']
  return [
    await send(port, saying(bytes), { headers }),
    await send(port, saying(bytes, true), { headers }),
  ]
}

function assertNames(answers: Answer[], expected: string[]): void {
  for (const answer of answers) {
    const names = answer.all('vary').flatMap((line) => line.split(/, ?/))
    const lowerCase = names.map((each) => each.toLowerCase()).toSorted()
    assert.deepEqual(lowerCase, expected)
    assert.ok(answer.all('set-cookie').includes('script=1'))
  }
}

void t.test('RES-9 the order of hooks decides of no field (Fastify)', async (t) => {
  for (const hook of ['onRequest', 'preHandler'] as const) {
    for (const isFirst of [true, false]) {
      void t.test(
        `RES-9 @fastify/cors in ${hook}, ${isFirst ? 'before' : 'after'} the gateway`,
        async (t) => {
          const app = Fastify()
          if (isFirst) await app.register(fastifyCors, { origin, hook })
          await app.register(cgi, { root })
          if (!isFirst) await app.register(fastifyCors, { origin, hook })
          const answers = await varyOf(t, app)
          assertNames(answers, ['accept-language', 'origin'])
          for (const answer of answers) {
            assert.deepEqual(answer.all('access-control-allow-origin'), ['https://a.example'])
          }
        },
      )
    }
  }

  for (const hook of ['onRequest', 'preHandler', 'onSend'] as const) {
    void t.test(`RES-9 a hook that writes the field anew in ${hook}`, async (t) => {
      const app = Fastify()
      const write = (reply: { header(name: string, value: string): unknown }): void => {
        reply.header('Vary', 'X-Own')
        reply.header('vary', 'Origin')
      }
      if (hook === 'onSend') {
        app.addHook('onSend', async (_request, reply, payload: unknown) => {
          write(reply)
          return payload
        })
      } else {
        app.addHook(hook, async (_request, reply) => write(reply))
      }
      await app.register(cgi, { root })
      assertNames(await varyOf(t, app), ['accept-language', 'origin'])
    })
  }

  void t.test('RES-9 a hook that takes the field away has its way', async (t) => {
    const app = Fastify()
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.removeHeader('vary')
      return payload
    })
    await app.register(cgi, { root })
    for (const answer of await varyOf(t, app)) assert.deepEqual(answer.all('vary'), [])
  })

  void t.test('RES-9 @fastify/compress, and a hook of the application', async (t) => {
    const app = Fastify()
    await app.register(compress, { threshold: 0 })
    await app.register(fastifyCors, { origin })
    await app.register(cgi, { root })
    t.after(() => app.close())
    const bytes = 'Content-Type: text/plain\nVary: Accept-Language\n\nbody'
    for (const url of [saying(bytes), saying(bytes, true)]) {
      const headers = { 'accept-encoding': 'gzip', origin: 'https://a.example' }
      const answer = await app.inject({ url, headers })
      assert.equal(answer.headers['content-encoding'], 'gzip')
      const names = String(answer.headers.vary).toLowerCase().split(/, ?/).toSorted()
      assert.deepEqual(names, ['accept-encoding', 'accept-language', 'origin'])
    }
  })

  for (const [name, plugin] of [
    ['@fastify/middie', middie],
    ['@fastify/express', fastifyExpress],
  ] as const) {
    void t.test(`RES-9 middlewares that set fields on the response itself (${name})`, async (t) => {
      const app = Fastify()
      await app.register(plugin as typeof middie)
      app.use(cors({ origin }))
      app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
        response.setHeader('Set-Cookie', 'app=1')
        next()
      })
      app.addHook('preHandler', async (_request, reply) => {
        reply.header('vary', 'Cookie').header('set-cookie', 'hook=1')
      })
      await app.register(cgi, { root })
      const answers = await varyOf(t, app)
      assertNames(answers, ['accept-language', 'cookie', 'origin'])
      for (const answer of answers) {
        assert.deepEqual(answer.all('set-cookie').toSorted(), ['app=1', 'hook=1', 'script=1'])
      }
    })
  }
})
