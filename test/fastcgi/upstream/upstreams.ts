import { Upstream } from '@internal/fastcgi/upstream/upstream.js'
import type { Address } from '@internal/fastcgi/connection/address.js'

interface Facts {
  readonly address?: Address
  readonly maxConnections?: number
}

/** An upstream that nothing listens at, unless there is an address. */
export function createUpstream(name: string, facts: Facts = {}): Upstream {
  const { address = { path: `/${name}` }, maxConnections = 4 } = facts
  const settings = { maxConnections, asksProcessCount: false, connectTimeout: 0, keepAlive: null }
  return new Upstream(name, { address }, settings)
}
