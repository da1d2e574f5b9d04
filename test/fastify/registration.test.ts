import cgi from '@common-gateway/fastify'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import Fastify from 'fastify'
import { strict as assert } from 'node:assert'
import t, { type Test } from 'tap'
import { CGI_BIN } from '../support/fixtures.js'

type Application = ReturnType<typeof Fastify>

const root = CGI_BIN

function create(t: Test): Application {
  const app = Fastify()
  t.after(() => app.close())
  return app
}

const invalid = (message: RegExp): object => ({ code: 'CGI_ERR_INVALID_OPTION', message })

void t.test('OPT-1 the plugin says what is wrong with its place', async (t) => {
  void t.test('OPT-1 two gateways at one prefix', async (t) => {
    for (const [one, other, place] of [
      [{ root }, { root }, /Two gateways are mounted at \/cgi-bin$/],
      [
        { root, prefix: '/tools' },
        { root, prefix: '/tools/' },
        /Two gateways are mounted at \/tools$/,
      ],
      [{ root, prefix: '/' }, { root, prefix: '/' }, /Two gateways are mounted at \/$/],
    ] as const) {
      const app = create(t)
      await app.register(cgi, one)
      await assert.rejects(async () => app.register(cgi, other), invalid(place))
    }
  })

  void t.test('OPT-1 two gateways at one prefix, in two plugins', async (t) => {
    const app = create(t)
    await app.register(async (inner: Application) => inner.register(cgi, { root }), {
      prefix: '/tools',
    })
    await assert.rejects(
      async () => app.register(cgi, { root, prefix: '/tools' }),
      invalid(/A route at \/tools\/ already exists/),
    )
  })

  void t.test('OPT-1 @fastify/static and a gateway both at the root', async (t) => {
    const app = create(t)
    await app.register(fastifyStatic, { root })
    await assert.rejects(
      async () => app.register(cgi, { root, prefix: '/' }),
      invalid(/A route at \/\* already exists/),
    )
  })

  void t.test('OPT-1 the plugin called in the place of being registered', async (t) => {
    const behind: object = { root, trustProxy: true }
    await assert.rejects(async () => create(t).register(cgi, behind), invalid(/to Fastify\(\)/))
    for (const misused of [cgi as () => Promise<void>, () => (cgi as Function)({ root })]) {
      const app = create(t)
      await assert.rejects(
        // A plugin may be a promise.
        async () => app.register(misused() as never),
        invalid(/fastify\.register\(cgi, options\)/),
      )
    }
  })

  void t.test('OPT-1 an empty prefix is not taken for the root, nor for none', async (t) => {
    const app = create(t)
    await assert.rejects(
      async () => app.register(cgi, { root, prefix: '' }),
      invalid(/`prefix` option to be '\/' for the root/),
    )
    // Below the prefix of another plugin it can mean one thing only.
    const inner = create(t)
    await inner.register(async (scope: Application) => scope.register(cgi, { root, prefix: '' }), {
      prefix: '/tools',
    })
    assert.equal((await inner.inject('/tools/report.cgi')).statusCode, 200)
    // As in Fastify, one without a slash at its beginning is the same as with it.
    const bare = create(t)
    await bare.register(cgi, { root, prefix: 'tools' })
    assert.equal((await bare.inject('/tools/report.cgi')).statusCode, 200)
    assert.deepEqual([...bare.cgi.keys()], ['/tools'])
  })
})

void t.test('MAP-7 @fastify/swagger does not describe what only scripts know', async (t) => {
  const app = create(t)
  await app.register(swagger, { openapi: {} })
  await app.register(cgi, { root })
  await app.register(cgi, { root, prefix: '/' })
  app.get('/own', () => 'own')
  await app.ready()
  assert.deepEqual(Object.keys(app.swagger().paths ?? {}), ['/own'])
})
