import { adapters } from '../support/adapters.js'
import type { Server } from '../servers/server.js'

/** Our own adapters. */
export const gateways: readonly Server[] = adapters.map((adapter) => ({
  name: adapter.name,
  description: `Common Gateway with ${adapter.name}, as it is without options`,
  isOurs: true,
  missing: () => undefined,
  start: ({ root, cgiBin }) => adapter.start({ options: { root: cgiBin, documentRoot: root } }),
}))
