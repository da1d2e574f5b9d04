import { HIDDEN, PATHS, SMUGGLING } from '../../attack/requests.js'
import type { Kind } from '../kind.js'
import type { Outcome } from '../outcome.js'
import type { Visitor } from '../visitor.js'

async function readHalfClosed(visitor: Visitor, script: string, delay: number): Promise<Outcome> {
  const connection = await visitor.dial()
  await connection.write(visitor.request({ path: `/cgi-bin/${script}?${visitor.token}` }))
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
  await connection.end()
  return visitor.judge(await visitor.read(connection), visitor.token)
}

/** Clients that do what clients may, and what they may not. */
export const clients: readonly Kind[] = [
  {
    name: 'two requests at once on a connection',
    weight: 30,
    requests: 2,
    allowed: ['200', '404', '502'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const first = visitor.random.pick([
        { path: `/cgi-bin/token.cgi?${visitor.token}`, status: '200', content: visitor.token },
        { path: `/plain?${visitor.token}`, status: '200', content: `plain ${visitor.token}` },
        { path: '/cgi-bin/silent.cgi', status: '502', content: '' },
        { path: '/cgi-bin/no-such.cgi', status: '404', content: '' },
      ])
      const path = `/cgi-bin/stream.cgi?${visitor.token}`
      const both = [visitor.request({ path: first.path }), visitor.request({ path })]
      await connection.write(Buffer.concat(both))
      const answer = await visitor.read(connection)
      const outcome = visitor.judge(answer, first.content)
      if (answer !== null && outcome !== first.status && !visitor.generation.isRetired) {
        throw new Error(`the first is answered ${outcome}`)
      }
      const second = visitor.judge(await visitor.read(connection), `${visitor.token}\n`.repeat(3))
      return [outcome, second]
    },
  },
  {
    name: 'a half-close',
    weight: 15,
    allowed: ['200'],
    visit: (visitor) => readHalfClosed(visitor, 'token.cgi', 0),
  },
  {
    name: 'a half-close while the script works',
    weight: 4,
    allowed: ['200'],
    visit: (visitor) => readHalfClosed(visitor, 'late-token.cgi', 150),
  },
  {
    name: 'the client does not wait for the answer',
    weight: 20,
    allowed: ['left'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const script = visitor.random.pick(['hang', 'stream', 'loop', 'ignore-term', 'trickle'])
      const path = `/cgi-bin/${script}.cgi?${visitor.token}`
      await connection.write(visitor.request({ path }))
      const wait = visitor.random.pick([0, 5, 20, 100])
      await new Promise((resolve) => setTimeout(resolve, wait))
      if (visitor.random.below(2) === 0) connection.socket.resetAndDestroy()
      else connection.close()
      return 'left'
    },
  },
  {
    name: 'a connection that says nothing, or half a request',
    weight: 10,
    allowed: ['left'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const whole = visitor.request({ path: '/cgi-bin/token.cgi' })
      await connection.write(whole.subarray(0, visitor.random.below(whole.length)))
      return 'left'
    },
  },
  {
    name: 'bytes that are no request',
    weight: 10,
    allowed: ['400', 'none'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const size = 1 + visitor.random.below(2_000)
      await connection.write(
        Buffer.from(Array.from({ length: size }, () => visitor.random.below(256))),
      )
      await connection.end()
      return visitor.judge(await visitor.read(connection), '')
    },
  },
  {
    name: 'a request in another, hidden',
    weight: 10,
    // A host that closes a connection on which more is to come may take its answer back.
    allowed: ['400', '408', '411', '413', '414', '431', '501', 'none'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const [name, , fields, body] = visitor.random.pick(SMUGGLING)
      const head = `POST /cgi-bin/ignore-input.cgi HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`
      await connection.write(`${head}${body}${HIDDEN}`)
      const outcome = visitor.judge(await visitor.read(connection), '')
      const next = await connection.read()
      if (next?.body.includes('smuggled') === true) throw new Error(`${name}: it is answered`)
      return outcome
    },
  },
  {
    name: 'a path that leads where none may',
    weight: 10,
    allowed: ['400', '403', '404', '414', '431'],
    visit: (visitor) => visitor.expect({ path: visitor.random.pick(PATHS)[0] }, ''),
  },
  {
    name: 'a header that is too large',
    weight: 8,
    allowed: ['431', 'none'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const fields = visitor.random.pick([
        [`X-Large: ${'x'.repeat(20_000)}`],
        Array.from({ length: 3_000 }, () => 'a:b'),
        Array.from({ length: 5_000 }, (_, index) => `X-${index}: y`),
      ])
      void connection.write(visitor.request({ path: '/cgi-bin/token.cgi', fields }))
      return visitor.judge(await visitor.read(connection), '')
    },
  },
]
