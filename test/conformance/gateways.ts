import { adapters } from '../support/adapters.js'
import type { Server } from '../servers/server.js'

/** Our own adapters. */
export const gateways: readonly Server[] = adapters.map((adapter) => ({
  name: adapter.name,
  description: `Common Gateway with ${adapter.name}, as it is without options`,
  isOurs: true,
  missing: () => undefined,
  async start({ root, cgiBin }) {
    const running = await adapter.start({ options: { root: cgiBin, documentRoot: root } })
    return { port: running.port, pids: [process.pid], close: () => running.close() }
  },
}))
