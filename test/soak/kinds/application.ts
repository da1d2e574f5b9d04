import type { Kind } from '../kind.js'

/** What the application around the gateway does. */
export const application: readonly Kind[] = [
  {
    name: 'a route of the application',
    weight: 60,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/plain?${visitor.token}` }, `plain ${visitor.token}`),
  },
  {
    name: 'a process of the application',
    weight: 15,
    allowed: ['200'],
    visit(visitor) {
      // Whoever takes its children away, or gives it those of others, shows here.
      const code = visitor.random.below(2)
      return visitor.expect({ path: `/child/${code}?${visitor.token}` }, `exited ${code}`)
    },
  },
  {
    name: 'another application in its place',
    weight: 5,
    allowed: ['done'],
    async visit(visitor) {
      await visitor.reload()
      return 'done'
    },
  },
]
