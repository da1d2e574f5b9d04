import cgi from '@common-gateway/express'
import fastifyCgi from '@common-gateway/fastify'
import type { CgiOptions, CgiStats } from '@common-gateway/core'
import { warm } from '@common-gateway/warm'
import compress from '@fastify/compress'
import serveStatic from '@fastify/static'
import compression from 'compression'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import Fastify from 'fastify'
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import type { Answer } from '../../support/answer.js'
import { send, type Sending } from '../../support/client.js'
import { listen } from '../../support/listen.js'
import { SCRIPT_NAMES, warmUp, writeScripts } from './warm-site.js'

const OPTIONS = { ...needs('/usr/bin/python3'), ...needs('/usr/bin/perl'), timeout: 180_000 }
const folder = createTemporaryFolder(t)
writeScripts(folder)
writeProgram(folder, 'public/style.css', 'body { color: green }\n'.repeat(100), 0o644)
const areOld = delay(2_100)

interface Application {
  readonly port: number
  readonly stats: () => CgiStats
}

type Start = (t: Test, options: CgiOptions) => Promise<Application>

/** Applications as people build them: other plugins around the gateway, before and after it. */
const APPLICATIONS: Record<string, Start> = {
  async 'Fastify with static files, compression, hooks and an error handler'(t, options) {
    const app = Fastify()
    t.after(() => app.close())
    for (const hook of ['onRequest', 'preValidation', 'preHandler', 'onResponse'] as const) {
      app.addHook(hook, async () => turn())
    }
    app.addHook('onSend', async (_request, reply, payload) => {
      await turn()
      reply.header('x-script', reply.request.cgi?.scriptName ?? 'none')
      return payload
    })
    app.setErrorHandler(async (error: { code?: string }, request, reply) => {
      await turn()
      return reply.code(503).send({ own: error.code, exitCode: request.cgi?.exitCode })
    })
    await app.register(compress, { threshold: 1 })
    await app.register(serveStatic, { root: `${folder}/public`, prefix: '/public/' })
    app.post('/form', async (request) => ({ body: request.body }))
    await app.register(fastifyCgi, { ...options, authenticate })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    return { port, stats: () => app.cgi.get('/cgi-bin')?.stats() ?? assert.fail() }
  },
  'Express 5': (t, options) => startExpress(t, createExpress5, options),
  // The types of the two versions are apart.
  'Express 4': (t, options) => startExpress(t, createExpress4 as never, options),
}

async function startExpress(
  t: Test,
  express: typeof createExpress5,
  options: CgiOptions,
): Promise<Application> {
  const app = express()
  const gateway = cgi({ ...options, authenticate })
  app.use(compression({ threshold: 1 }), (request, response, next) => {
    response.setHeader('x-script', request.path)
    setImmediate(next)
  })
  app.use('/public', express.static(`${folder}/public`))
  // Bytes are read before the gateway, JSON and forms after it.
  app.use(express.raw({ type: 'application/x-read-before' }), gateway)
  app.use(express.json(), express.urlencoded({ extended: true }))
  app.post('/form', (request, response) => void response.json({ body: request.body as unknown }))
  const fail: createExpress5.ErrorRequestHandler = (
    error: { code?: string },
    request,
    response,
    next,
  ) => {
    // An error handler has four parameters; Express tells it by their number.
    if (response.headersSent) return next(error)
    setImmediate(() =>
      response.status(503).json({ own: error.code, exitCode: request.cgi?.exitCode }),
    )
  }
  app.use(fail)
  t.after(() => gateway.close())
  return { port: await listen(t, app), stats: () => gateway.stats() }
}

/** As the session of a user would be read. */
const authenticate = async (): Promise<{ user: string }> => turn({ user: 'ada' })

const form = (type: string, body: Sending['body']): Sending => ({
  method: 'POST',
  headers: ['Content-Type', type],
  ...(body !== undefined && { body }),
})

/** What is asked of each script: a query, and what is sent. */
const REQUESTS: readonly [query: string, sending: () => Sending][] = [
  ['', () => ({})],
  ['', () => ({ headers: ['Accept-Encoding', 'gzip'] })],
  ['large', () => ({ headers: ['Accept-Encoding', 'gzip'] })],
  ['', () => ({ method: 'HEAD' })],
  ['user', () => ({})],
  ['fail', () => ({})],
  ['size', () => form('application/json', '{"a":1}')],
  ['size', () => form('application/json', '{not JSON')],
  ['size', () => form('application/x-www-form-urlencoded', 'a=1&b=2')],
  ['size', () => form('multipart/form-data; boundary=b', `--b\r\n\r\n${'x'.repeat(50_000)}`)],
  ['size', () => form('text/plain', Readable.from([Buffer.alloc(70_000), Buffer.alloc(5)]))],
  ['size', () => form('application/x-read-before', 'consumed')],
]

/** The answer without what differs from run to run. A script that ends late is sent without its length. */
function describe(answer: Answer): unknown[] {
  const { status, bytes } = answer
  const isCompressed = answer.all('content-encoding').includes('gzip')
  const body = (isCompressed ? gunzipSync(bytes) : bytes).toString()
  const fields = ['content-type', 'x-script', 'content-encoding', 'vary'].map((name) =>
    answer.all(name),
  )
  return [status, ...fields, body.length > 1_000 ? body.length : body]
}

async function ask(port: number): Promise<Map<string, unknown[]>> {
  const answers = new Map<string, unknown[]>()
  const keep = async (url: string, sending: Sending = {}): Promise<void> => {
    const { body, headers, method } = sending
    const title = JSON.stringify([
      method,
      url,
      headers,
      typeof body === 'string' && body.slice(0, 20),
    ])
    answers.set(title, describe(await send(port, url, sending)))
  }
  for (const name of SCRIPT_NAMES) {
    for (const [query, sending] of REQUESTS) await keep(`/cgi-bin/${name}?${query}`, sending())
  }
  await keep('/public/style.css', { headers: ['Accept-Encoding', 'gzip'] })
  await keep('/public/style.css', { headers: ['Range', 'bytes=0-3'] })
  await keep('/form', form('application/json', '{"a":1}'))
  await keep('/cgi-bin/none.py')
  return answers
}

for (const [name, start] of Object.entries(APPLICATIONS)) {
  void t.test(`WARM-44 plugins around warm scripts: ${name}`, OPTIONS, async (t) => {
    await areOld
    const options = { root: folder, logger: { warn() {}, error() {} } }
    const plain = await start(t, options)
    const expected = await ask(plain.port)
    checkAnswers(expected, name)
    const { port, stats } = await start(t, { ...options, spawner: warm({ after: 1 }) })
    const gateway = { port, stats, httpVersion: 1, scheme: 'http' } as const
    for (const script of SCRIPT_NAMES) await warmUp(gateway, script)
    const before = runsOf(stats())
    assert.deepEqual(await ask(port), expected)
    const after = runsOf(stats())
    for (const script of SCRIPT_NAMES) {
      const warmRuns = (after.get(script) ?? 0) - (before.get(script) ?? 0)
      assert.ok(warmRuns > REQUESTS.length / 2, `${script}: ${warmRuns} of them were warm`)
    }
  })
}

/** That the plain application does what it is for, so that two wrong ones are not the same. */
function checkAnswers(answers: Map<string, unknown[]>, name: string): void {
  const all = [...answers.values()].map((answer) => JSON.stringify(answer))
  const isFastify = name.startsWith('Fastify')
  const wanted = [
    /"gzip".*"answer\\n"/,
    /"gzip".*,3000000\]/,
    /"ada\\n"/,
    /^\[503,.*CGI_ERR_NO_RESPONSE.*exitCode.*3/,
    /"70005\\n"/,
    isFastify ? /^\[200,.*"8\\n"/ : /^\[503,.*CGI_ERR_BODY_CONSUMED/,
    /^\[206,.*"body"/,
    /\{\\"body\\":\{\\"a\\":1\}\}/,
    /^\[404,/,
  ]
  for (const pattern of wanted)
    assert.ok(
      all.some((answer) => pattern.test(answer)),
      String(pattern),
    )
}

/** How many warm runs each script has had. */
function runsOf({ warm: found }: CgiStats): Map<string, number> {
  return new Map(found?.scripts.map(({ script, runs }) => [script.split('/').at(-1) ?? '', runs]))
}
