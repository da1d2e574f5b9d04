import { createCgiHandler } from '@common-gateway/core'
import { Exchange } from '@common-gateway/core/adapter'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { MemoryLender } from '@internal/core/data/lent-memory.js'
import { createTemporaryFolder, writeProgram } from './temporary-folder.js'

const MEGABYTE = 1024 * 1024
/** How much each script writes, in bytes. */
export const SIZE = 12 * MEGABYTE

const root = createTemporaryFolder(t)
/**
 * Writes megabytes, each of another letter of those that it is asked for. It makes its pipe large itself
 * (F_SETPIPE_SZ) and fills it, so that output is read in chunks of the size that memory is lent for, however
 * fast this machine is.
 */
writeProgram(
  root,
  'letters.cgi',
  `#!/usr/bin/env python3
import fcntl, os
fcntl.fcntl(1, 1031, ${MEGABYTE})
letters, length = os.environ['QUERY_STRING'].split('.')
header = 'Content-Type: text/plain\\n' + ('Content-Length: ${SIZE}\\n' if length == 'told' else '')
os.write(1, (header + '\\n').encode())
for index in range(${SIZE / MEGABYTE}):
  block = memoryview(letters[index % len(letters)].encode() * ${MEGABYTE})
  while block:
    block = block[os.write(1, block):]
`,
)

/** A server of such answers. */
export interface Lending {
  ask(letters: string, length: 'told' | 'untold'): Promise<IncomingMessage>
  /** How often memory was lent, and how many pieces of it there are. */
  counts(): { lent: number; pieces: number }
}

/** Starts a server of node:http. */
export async function lend(t: Test): Promise<Lending> {
  t.after(() => mock.reset())
  const { mock: loans } = mock.method(MemoryLender.prototype, 'lend')
  const handler = createCgiHandler({ root, maxProcesses: 32, spawner: 'posix_spawn' })
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const view = { native: request, mount: '/cgi-bin' }
      const exchange = new Exchange(request, response, view)
      const result = await handler.handle(exchange.request)
      assert.ok(result?.type === 'response')
      await exchange.send(result)
    }
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  const agent = new Agent({ keepAlive: true })
  t.after(async () => {
    agent.destroy()
    server.closeAllConnections()
    server.close()
    await handler.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return {
    async ask(letters, length) {
      const url = `http://127.0.0.1:${port}/cgi-bin/letters.cgi?${letters}.${length}`
      const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
      return response
    },
    counts: () => ({
      lent: loans.callCount(),
      pieces: new Set(loans.calls.map(({ result }) => result?.buffer)).size,
    }),
  }
}

/** Whether a chunk, which begins at so many bytes of an answer, is what its script has written. */
export function isAsWritten(letters: string, offset: number, chunk: Buffer): boolean {
  for (let start = 0; start < chunk.length; ) {
    const index = Math.floor((offset + start) / MEGABYTE)
    const end = Math.min(chunk.length, (index + 1) * MEGABYTE - offset)
    const part = chunk.subarray(start, end)
    if (!part.equals(blockOf(letters.charAt(index % letters.length)).subarray(0, part.length)))
      return false
    start = end
  }
  return true
}

const blocks = new Map<string, Buffer>()

function blockOf(letter: string): Buffer {
  const block = blocks.get(letter) ?? Buffer.alloc(MEGABYTE, letter)
  blocks.set(letter, block)
  return block
}
