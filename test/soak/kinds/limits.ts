import type { Kind } from '../kind.js'
import type { Outcome } from '../outcome.js'

/** A script that does not end in time. Where the machine is busy, its header may come late, too. */
function late(script: string, outcomes: readonly Outcome[], weight: number): Kind {
  return {
    name: `a time-out: ${script}`,
    weight,
    allowed: [...outcomes, '504'],
    visit: (visitor) =>
      visitor.expect(
        { path: `/hasty/${script}?${visitor.token}` },
        script === 'stream-until-told.cgi' ? 'waiting' : `${visitor.token}\n`.repeat(1_000),
      ),
  }
}

const BURST = 10

/** Mounts with narrow limits. */
export const limits: readonly Kind[] = [
  late('hang.cgi', [], 3),
  late('half-header.cgi', [], 3),
  late('stream-until-told.cgi', ['cut'], 3),
  late('trickle.cgi', ['cut'], 3),
  late('ignore-term.cgi', ['cut'], 3),
  {
    name: 'more at once than may wait',
    weight: 4,
    requests: BURST,
    allowed: ['200', '503'],
    visit: (visitor) =>
      Promise.all(
        Array.from({ length: BURST }, async () => {
          const connection = await visitor.dial()
          const path = `/narrow/stream.cgi?${visitor.token}`
          await connection.write(visitor.request({ path }))
          const answer = await visitor.read(connection)
          const isTold = answer?.all('retry-after').length === 1
          if (answer?.status === 503 && !isTold && !visitor.generation.isRetired) {
            throw new Error('it is not said when to come again')
          }
          return visitor.judge(answer, `${visitor.token}\n`.repeat(3))
        }),
      ),
  },
  {
    name: 'more at once than may wait, and gone',
    weight: 2,
    requests: BURST,
    allowed: ['left'],
    async visit(visitor) {
      const path = `/narrow/hang.cgi?${visitor.token}`
      const connections = await Promise.all(Array.from({ length: BURST }, () => visitor.dial()))
      await Promise.all(connections.map((each) => each.write(visitor.request({ path }))))
      connections.forEach((each) => each.close())
      return connections.map(() => 'left' as const)
    },
  },
]
