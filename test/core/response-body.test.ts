import { createCgiHandler, sendCgiResponse, toCgiRequest } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { createTemporaryFolder, writeProgram } from './temporary-folder.js'

const root = createTemporaryFolder()
/** How many bytes there are of each letter. */
const SIZE = 12 * 1024 * 1024
writeProgram(
  root,
  'letters.cgi',
  `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
printf '%s\\n' "$QUERY_STRING" | fold -w 1 | while read -r letter; do
  head -c ${SIZE} /dev/zero | tr '\\0' "$letter"
done
`,
)

/** What an application does to a response, or to its body, before the body is sent. */
type Meddle = (response: ServerResponse, body: Readable) => void

async function serve(t: TestContext, meddle: Meddle = () => {}): Promise<number> {
  const handler = createCgiHandler({ root })
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const result = await handler.handle(
        toCgiRequest(request, response, { native: request, mount: '/cgi-bin' }),
      )
      assert.ok(result?.type === 'response' && result.body instanceof Readable)
      meddle(response, result.body)
      await sendCgiResponse(result, request, response)
    }
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await handler.close()
  })
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

/** Checks each byte: so many of the first letter, then as many of the next. Returns how many there are. */
async function check(letters: string, chunks: AsyncIterable<Buffer> | Buffer[]): Promise<number> {
  const expected = Buffer.concat(letters.split('').map((letter) => Buffer.alloc(SIZE, letter)))
  let count = 0
  for await (const chunk of chunks) {
    const end = count + chunk.length
    assert.ok(chunk.equals(expected.subarray(count, end)), `other bytes from ${count} to ${end}`)
    count = end
  }
  return count
}

async function ask(port: number, letters: string, wait = 100): Promise<IncomingMessage> {
  const url = `http://127.0.0.1:${port}/cgi-bin/letters.cgi?${letters}`
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
  // All that is between this client and the script is full: what comes then comes in large chunks.
  await new Promise((resolve) => setTimeout(resolve, wait))
  return response
}

test('RES-4 each of many clients, slow ones among them, receives the bytes of its own script', async (t) => {
  const port = await serve(t)
  await Promise.all(
    ['ab', 'cd', 'ef', 'gh', 'ij', 'kl'].map(async (letters, index) => {
      const response = await ask(port, letters, 100 * (index % 3))
      assert.equal(await check(letters, response), 2 * SIZE)
    }),
  )
})

const WAYS: readonly [what: string, meddle: (kept: Buffer[]) => Meddle][] = [
  [
    'somebody else listens to the body, and keeps its chunks',
    (kept) => (_response, body) => void body.on('data', (chunk: Buffer) => kept.push(chunk)),
  ],
  [
    'the response is wrapped, and its chunks are kept',
    (kept) => (response) => {
      const write = response.write.bind(response) as (...words: unknown[]) => boolean
      response.write = (...words: unknown[]): boolean => {
        const [chunk] = words
        if (Buffer.isBuffer(chunk)) kept.push(chunk)
        return write(...words)
      }
    },
  ],
  [
    'the response is corked',
    () => (response) => {
      response.cork()
      setTimeout(() => response.uncork(), 50)
    },
  ],
]

for (const [what, meddle] of WAYS) {
  test(`RES-4 bytes stay as they are when ${what}`, async (t) => {
    const kept: Buffer[] = []
    const port = await serve(t, meddle(kept))
    assert.equal(await check('xy', await ask(port, 'xy')), 2 * SIZE)
    assert.equal(await check('xy', kept), kept.length === 0 ? 0 : 2 * SIZE)
  })
}

test('RES-4 a response that ends while its body is piped has no chunk after its end', async (t) => {
  const port = await serve(t, (response, body) => {
    body.once('data', () => setImmediate(() => response.end()))
  })
  await check('z', await ask(port, 'z'))
})

/** A host in which somebody had replaced write() of all responses, and keeps their chunks, before the gateway came. */
const WATCHED_HOST = `
import { createServer, get, ServerResponse } from 'node:http'
const kept = []
const { write } = ServerResponse.prototype
ServerResponse.prototype.write = function (chunk, ...words) {
  if (Buffer.isBuffer(chunk)) kept.push(chunk)
  return write.call(this, chunk, ...words)
}
const { createCgiHandler, sendCgiResponse, toCgiRequest } = await import(process.argv[1])
const handler = createCgiHandler({ root: process.argv[2] })
const server = createServer(async (request, response) => {
  const view = { native: request, mount: '/cgi-bin' }
  await sendCgiResponse(await handler.handle(toCgiRequest(request, response, view)), request, response)
})
server.listen(0, '127.0.0.1', () => {
  const url = 'http://127.0.0.1:' + server.address().port + '/cgi-bin/letters.cgi?xy'
  get(url, { agent: false }, (response) => {
    setTimeout(() => response.resume(), 100)
    response.once('close', async () => {
      server.close()
      await handler.close()
      const all = Buffer.concat(kept)
      console.log(all.length, all.indexOf('y'), all.lastIndexOf('x') + 1)
    })
  })
})
`

test('RES-4 bytes stay as they are when somebody watches all responses', async () => {
  const core = import.meta.resolve('@common-gateway/core')
  const args = ['--input-type=module', '--eval', WATCHED_HOST, core, root]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  assert.equal(stdout, `${2 * SIZE} ${SIZE} ${SIZE}\n`)
})
