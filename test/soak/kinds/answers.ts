import type { Kind } from '../kind.js'

/** Everything is as it should be. */
export const answers: readonly Kind[] = [
  {
    name: 'a program in C',
    weight: 160,
    allowed: ['200'],
    visit: (visitor) => visitor.expect({ path: `/cgi-bin/token?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a script of sh',
    weight: 160,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/token.cgi?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a script in perl',
    weight: 5,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/token.pl?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a script in python',
    weight: 3,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/token.py?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a script that exits with 3',
    weight: 10,
    allowed: ['200'],
    visit: (visitor) => visitor.expect({ path: '/cgi-bin/exit-3.cgi' }, 'answered\n'),
  },
  {
    name: 'HEAD',
    weight: 20,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/token.cgi?${visitor.token}`, method: 'HEAD' }, ''),
  },
  {
    name: 'a status with content',
    weight: 20,
    allowed: ['403', '404', '500', '299'],
    async visit(visitor) {
      const status = visitor.random.pick(['403', '404', '500', '299'])
      const answer = await visitor.ask({ path: `/cgi-bin/status.cgi/${status}?${visitor.token}` })
      const isOurs = answer === null || answer.body.toString() === visitor.token
      if (!isOurs && !visitor.generation.isRetired) throw new Error(String(answer.body))
      return visitor.judge(answer, visitor.token)
    },
  },
  {
    name: 'a status without content',
    weight: 20,
    allowed: ['204', '304'],
    visit(visitor) {
      const status = visitor.random.pick(['204', '304'])
      return visitor.expect({ path: `/cgi-bin/status.cgi/${status}?${visitor.token}` }, '')
    },
  },
  {
    name: 'a redirect',
    weight: 20,
    allowed: ['302'],
    async visit(visitor) {
      const answer = await visitor.ask({ path: `/cgi-bin/redirect.cgi?${visitor.token}` })
      const [location = ''] = answer?.all('location') ?? []
      if (answer?.status === 302 && !location.endsWith(`/${visitor.token}`)) {
        throw new Error(`it leads to ${location}`)
      }
      return visitor.judge(answer, '')
    },
  },
  {
    name: 'a local redirect to a script',
    weight: 20,
    allowed: ['200'],
    visit(visitor) {
      const path = `/cgi-bin/local-redirect.cgi/cgi-bin/token.cgi?${visitor.token}`
      return visitor.expect({ path }, visitor.token)
    },
  },
  {
    name: 'a local redirect to a route',
    weight: 10,
    allowed: ['200'],
    visit(visitor) {
      const path = `/cgi-bin/local-redirect.cgi/plain?${visitor.token}`
      return visitor.expect({ path }, `plain ${visitor.token}`)
    },
  },
  {
    name: 'early hints',
    weight: 10,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/hint-token.cgi?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a header that the script sends itself',
    weight: 10,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/nph-token.cgi?${visitor.token}` }, visitor.token),
  },
  {
    name: 'a file that the script names',
    weight: 10,
    allowed: ['200'],
    visit: (visitor) => visitor.expect({ path: '/cgi-bin/sendfile.cgi' }, visitor.site.sent),
  },
  {
    name: 'a stream',
    weight: 20,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect(
        { path: `/cgi-bin/stream.cgi?${visitor.token}` },
        `${visitor.token}\n`.repeat(3),
      ),
  },
]
