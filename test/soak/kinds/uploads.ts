import type { Kind } from '../kind.js'
import type { Asking, Visitor } from '../visitor.js'

/** Some bytes that no other request has. */
function bodyOf({ token, random }: Visitor, most: number): Buffer {
  const size = random.below(most)
  return Buffer.from(`${token} `.repeat(Math.ceil(size / token.length)).slice(0, size))
}

function upload(visitor: Visitor, path: string, body: Buffer): Asking {
  const framing = visitor.random.pick(['length', 'chunked'] as const)
  return { path, method: 'POST', body, framing }
}

/** The beginning of a request with a body of a hundred thousand bytes. */
function beginning(visitor: Visitor, path: string): Buffer {
  const whole = visitor.request(upload(visitor, path, Buffer.alloc(100_000, visitor.token)))
  return whole.subarray(0, whole.length - 1 - visitor.random.below(90_000))
}

/** Requests with a body, all of it or a part. */
export const uploads: readonly Kind[] = [
  {
    name: 'a body that is sent back',
    weight: 30,
    allowed: ['200'],
    visit(visitor) {
      const body = bodyOf(visitor, visitor.random.pick([100, 10_000, 300_000]))
      return visitor.expect(upload(visitor, '/cgi-bin/echo.cgi', body), body)
    },
  },
  {
    name: 'a body that is counted',
    weight: 20,
    allowed: ['200'],
    visit(visitor) {
      const body = bodyOf(visitor, visitor.random.pick([100, 10_000, 300_000]))
      const path = `/cgi-bin/count.cgi?${visitor.token}`
      return visitor.expect(upload(visitor, path, body), `${visitor.token} ${body.length}`)
    },
  },
  {
    name: 'a body that the script does not read',
    weight: 15,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect(
        upload(visitor, '/cgi-bin/ignore-input.cgi', bodyOf(visitor, 300_000)),
        'ignored\n',
      ),
  },
  {
    name: 'a body, and a script that closes its input',
    weight: 10,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect(
        upload(visitor, '/cgi-bin/close-input.cgi', bodyOf(visitor, 300_000)),
        'closed\n',
      ),
  },
  {
    name: 'a body that must be asked for',
    weight: 10,
    allowed: ['200'],
    async visit(visitor) {
      const body = bodyOf(visitor, 1000)
      const connection = await visitor.dial()
      const whole = visitor.request({
        path: '/cgi-bin/echo.cgi',
        method: 'POST',
        fields: ['Expect: 100-continue'],
        body,
      })
      const split = whole.length - body.length
      await connection.write(whole.subarray(0, split))
      // A 100 is read over together with all else that comes before the answer.
      await connection.write(whole.subarray(split))
      return visitor.judge(await visitor.read(connection), body)
    },
  },
  {
    name: 'a body that is cut short',
    weight: 15,
    allowed: ['left'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const script = visitor.random.pick(['echo', 'count', 'ignore-input', 'token'])
      await connection.write(beginning(visitor, `/cgi-bin/${script}.cgi`))
      const way = visitor.random.below(3)
      if (way === 0) connection.socket.resetAndDestroy()
      else if (way === 1) await connection.end()
      connection.close()
      return 'left'
    },
  },
  {
    name: 'a body that stalls',
    weight: 4,
    // The header of the script that echoes is there before the host can know.
    allowed: ['408', '504', 'cut'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const script = visitor.random.pick(['echo', 'count'])
      await connection.write(beginning(visitor, `/hasty/${script}.cgi`))
      const answer = await visitor.read(connection)
      if (answer?.status === 200) return answer.isCut ? 'cut' : '200'
      return visitor.judge(answer, '')
    },
  },
]
