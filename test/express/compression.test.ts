import cgi from '@common-gateway/express'
import fastifyCgi from '@common-gateway/fastify'
import middie from '@fastify/middie'
import compression from 'compression'
import createConnect from 'connect'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import Fastify from 'fastify'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream'
import t, { type Test } from 'tap'
import polka from 'polka'
import polkaNext from 'polka-next'
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib'
import { chunksOf, open, send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'
import { listen } from '../support/listen.js'

const root = CGI_BIN

type Start = (t: Test) => Promise<number>

const frameworks: Record<string, Start> = {
  'Express 5': (t) => listen(t, createExpress5().use(compression(), cgi({ root }))),
  // The types of the two versions are apart.
  'Express 4': (t) =>
    listen(t, createExpress4().use(compression() as never, cgi({ root }) as never)),
  Connect(t) {
    const app = createConnect()
    // compression() is typed for Express's request, and uses none of it.
    app.use(compression() as never)
    app.use(cgi({ root }))
    return listen(t, app)
  },
  'Polka 0.5'(t) {
    const app = polka()
    app.use(compression())
    app.use(cgi({ root }))
    return listen(t, app.handler)
  },
  'Polka 1.0'(t) {
    const app = polkaNext()
    app.use(compression() as never, cgi({ root }) as never)
    return listen(t, app.handler as RequestListener)
  },
  async 'Fastify 5, by @fastify/middie'(t) {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(middie)
    app.use(compression() as never)
    await app.register(fastifyCgi, { root })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  },
}

const codings = {
  gzip: { decode: createGunzip, decodeAll: gunzipSync },
  br: { decode: createBrotliDecompress, decodeAll: brotliDecompressSync },
}

void t.test('RES-4 compression() holds nothing back', async (t) => {
  for (const [name, start] of Object.entries(frameworks)) {
    for (const [coding, { decode, decodeAll }] of Object.entries(codings)) {
      void t.test(
        `RES-4 an event goes out while its script goes on, in ${coding} (${name})`,
        async (t) => {
          const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
          t.after(() => rmSync(folder, { recursive: true }))
          const pipe = path.join(folder, 'pipe')
          execFileSync('mkfifo', [pipe])
          const headers = ['Accept-Encoding', coding]
          const response = await open(await start(t), `/cgi-bin/event.cgi?${pipe}`, { headers })
          assert.equal(response.headers['content-encoding'], coding)
          const next = chunksOf(pipeline(response, decode(), () => {}))
          assert.equal(await next(), 'data: first\n\n')
          // The script waits for this.
          writeFileSync(pipe, '\n')
          assert.equal(await next(), 'data: second\n\n')
          assert.equal(await next(), null)
        },
      )

      void t.test(
        `RES-4 the header goes out before the body, in ${coding} (${name})`,
        async (t) => {
          const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
          t.after(() => rmSync(folder, { recursive: true }))
          const pipe = path.join(folder, 'pipe')
          execFileSync('mkfifo', [pipe])
          const headers = ['Accept-Encoding', coding]
          const url = `/cgi-bin/body-when-told.cgi?${pipe}`
          const response = await open(await start(t), url, { headers })
          assert.equal(response.statusCode, 403)
          writeFileSync(pipe, '\n')
          const next = chunksOf(pipeline(response, decode(), () => {}))
          assert.equal(await next(), '<p>the body')
        },
      )

      void t.test(
        `RES-5 what has a length is compressed as a whole, in ${coding} (${name})`,
        async (t) => {
          const words = 'words '.repeat(300)
          const header = `Content-Type: text/plain\nContent-Length: ${words.length}`
          const headers = ['Accept-Encoding', coding]
          const answer = await send(await start(t), saying(`${header}\n\n${words}`), { headers })
          assert.deepEqual(answer.all('content-encoding'), [coding])
          assert.equal(decodeAll(answer.bytes).toString(), words)
        },
      )
    }
  }
})
