import path from 'node:path'
import { adapters } from '../../adapters.js'
import type { Server } from './server.js'

/** Our own adapters. */
export const gateways: readonly Server[] = adapters.map((adapter) => ({
  name: adapter.name,
  description: `Common Gateway with ${adapter.name}, as it is without options`,
  isOurs: true,
  missing: () => undefined,
  start: ({ root }) =>
    adapter.start({ options: { root: path.join(root, 'cgi-bin'), documentRoot: root } }),
}))
