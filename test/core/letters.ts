import { createCgiHandler } from '@common-gateway/core'
import { Exchange } from '@common-gateway/core/adapter'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { createTemporaryFolder, writeProgram } from './temporary-folder.js'

const root = createTemporaryFolder(t)
/** How many bytes there are of each letter. */
export const SIZE = 12 * 1024 * 1024
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
export type Meddle = (response: ServerResponse, body: Readable) => void

/** A server on a port of this machine. */
export async function serve(t: Test, meddle?: Meddle): Promise<number> {
  const server = createLettersServer(t, meddle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

/** One that listens to nothing yet. */
export function createLettersServer(t: Test, meddle: Meddle = () => {}): Server {
  const handler = createCgiHandler({ root })
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const exchange = new Exchange(request, response, { native: request, mount: '/cgi-bin' })
      const result = await handler.handle(exchange.request)
      assert.ok(result?.type === 'response' && result.body instanceof Readable)
      meddle(response, result.body)
      await exchange.send(result)
    }
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await handler.close()
  })
  return server
}

/** Checks each byte: so many of the first letter, then as many of the next. Returns how many there are. */
export async function check(
  letters: string,
  chunks: AsyncIterable<Buffer> | Buffer[],
): Promise<number> {
  const expected = Buffer.concat(letters.split('').map((letter) => Buffer.alloc(SIZE, letter)))
  let count = 0
  for await (const chunk of chunks) {
    const end = count + chunk.length
    assert.ok(chunk.equals(expected.subarray(count, end)), `other bytes from ${count} to ${end}`)
    count = end
  }
  return count
}

/** Asks for the letters, and lets them wait. */
export async function ask(port: number, letters: string, wait = 100): Promise<IncomingMessage> {
  const url = `http://127.0.0.1:${port}/cgi-bin/letters.cgi?${letters}`
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
  // All that is between this client and the script is full: what comes then comes in large chunks.
  await new Promise((resolve) => setTimeout(resolve, wait))
  return response
}
