import { Exchange } from '@common-gateway/core/adapter'
import type { ResponseHead } from '@common-gateway/core/steps'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type ClientHttp2Session } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { Readable } from 'node:stream'
import { exchange } from '../support/client.js'
import { createWorldProperty } from './property.js'
import { output, respond } from './response.js'

/** A server that sends the bytes that the test gives it. */
interface Host {
  readonly server: Server
  readonly port: number
  /** What to send next. */
  head: ResponseHead | undefined
  /** Why it could not be sent. */
  failure: unknown
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

async function openHost(create: (listener: Listener) => Server): Promise<Host> {
  const server = create((request, response) => {
    assert.ok(host.head)
    const { status, reason, headers, hasBody } = host.head
    const body = hasBody && request.method !== 'HEAD' ? Readable.from([Buffer.from('\xff')]) : null
    const answer = { type: 'response', status, reason, headers, body } as const
    new Exchange(request, response, { native: request, mount: '' })
      .send(answer)
      .catch((error: unknown) => {
        host.failure = error
        response.destroy()
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const host: Host = { server, port, head: undefined, failure: undefined }
  return host
}

async function closeHost({ server }: Host): Promise<void> {
  server.close()
  await once(server, 'close')
}

/** The fields that every response of node:http has, or has where nothing else is said. */
const OF_NODE = new Set(['connection', 'date', 'transfer-encoding', 'content-length'])

/** Values by lower-case name, those of one name in their order. */
function group(fields: readonly (readonly [string, string])[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of fields) {
    groups.set(name.toLowerCase(), [...(groups.get(name.toLowerCase()) ?? []), value])
  }
  return groups
}

/** HTTP/2, as its client sees it. */
interface Http2World {
  readonly host: Host
  readonly session: ClientHttp2Session
}

export const writtenResponseProperties = [
  createWorldProperty({
    name: 'HDR-1 a header reaches a client of HTTP/1.1 byte for byte',
    cost: 10,
    input: output,
    open: () => openHost((listener) => createServer(listener)),
    async holds(given, host) {
      const head = respond(given)
      if (head?.type !== 'response') return
      Object.assign(host, { head, failure: undefined })
      const text = await exchange(
        host.port,
        'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      assert.equal(host.failure, undefined)

      const [statusLine = '', ...lines] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
      // Node has a reason of its own where there is none.
      assert.equal(statusLine, `HTTP/1.1 ${head.status} ${head.reason || 'unknown'}`)
      const sent = group(head.headers)
      const received = group(
        lines.map((line) => {
          const colon = line.indexOf(': ')
          return [line.slice(0, colon), line.slice(colon + 2)]
        }),
      )
      for (const [name, values] of sent) {
        // Node makes one of several Cookie fields, which no response should have.
        const expected = name === 'cookie' ? [values.join('; ')] : values
        assert.deepEqual(received.get(name), expected, name)
      }
      for (const name of received.keys()) assert.ok(sent.has(name) || OF_NODE.has(name), name)
    },
    close: closeHost,
  }),
  createWorldProperty<string, Http2World>({
    name: 'HDR-3 every header can be sent to a client of HTTP/2',
    cost: 10,
    input: output,
    async open() {
      const host = await openHost((listener) =>
        // Its requests and responses are made to be taken for those of HTTP/1, as frameworks do.
        createHttp2Server(listener as unknown as Parameters<typeof createHttp2Server>[1]),
      )
      return { host, session: connect(`http://127.0.0.1:${host.port}`) }
    },
    async holds(given, { host, session }) {
      const head = respond(given)
      if (head?.type !== 'response') return
      Object.assign(host, { head, failure: undefined })
      // Without content, whose length would have to be as promised.
      const stream = session.request({ ':method': 'HEAD', ':path': '/' })
      const failure = new Promise<unknown>((resolve) => {
        stream.once('error', resolve).once('close', () => resolve(new Error('no response')))
      })
      const response = new Promise<Record<string, unknown>>((resolve) => {
        stream.once('response', resolve)
      })
      const first = await Promise.race([response, failure])
      stream.resume()
      assert.equal(host.failure, undefined)
      if (first instanceof Error) throw first
      assert.equal((await response)[':status'], head.status)
      for (const [name] of head.headers) assert.ok(name.toLowerCase() in (await response), name)
    },
    async close({ host, session }) {
      session.destroy()
      await closeHost(host)
    },
  }),
]
