import type { Kind } from '../kind.js'
import type { Visitor } from '../visitor.js'

/** What `lines.cgi` writes. */
function linesOf({ token }: Visitor, size: number): Buffer {
  const line = `${token}\n`
  return Buffer.from(line.repeat(Math.ceil(size / line.length)).slice(0, size))
}

/** Answers of some size, read at once, slowly, or not to their end. */
export const largeAnswers: readonly Kind[] = [
  {
    name: 'a large answer',
    weight: 15,
    allowed: ['200'],
    visit(visitor) {
      const size = visitor.random.below(1_000_000)
      const path = `/cgi-bin/lines.cgi/${size}?${visitor.token}`
      return visitor.expect({ path }, linesOf(visitor, size))
    },
  },
  {
    name: 'a large answer, read slowly',
    weight: 10,
    allowed: ['200'],
    visit(visitor) {
      const size = 200_000 + visitor.random.below(1_000_000)
      const path = `/cgi-bin/lines.cgi/${size}?${visitor.token}`
      return visitor.expect({ path }, linesOf(visitor, size), { pace: 10 })
    },
  },
  {
    name: 'a large answer, left in the middle',
    weight: 15,
    allowed: ['left'],
    async visit(visitor) {
      const connection = await visitor.dial()
      const path = visitor.random.pick([
        `/cgi-bin/lines.cgi/20000000?${visitor.token}`,
        '/cgi-bin/endless.cgi',
        '/cgi-bin/sendfile.cgi',
      ])
      await connection.write(visitor.request({ path }))
      const head = await connection.readHead()
      if (visitor.random.below(2) === 0) connection.socket.resetAndDestroy()
      else connection.close()
      return head === null ? 'none' : 'left'
    },
  },
]
