import { nameOf, parseAddress } from './address.js'
import type { FastcgiOptions } from './options.js'
import { Upstream } from './upstream/upstream.js'
import { UpstreamGroup } from './upstream/upstream-group.js'
import type { Upstreams, UpstreamsContext } from './upstreams.js'

/** The most requests at once for an address. */
const MAX_CONNECTIONS = 256
/** How long an idle connection to an address is kept, where connections are. */
const KEEP_ALIVE = 1_000

export function createAddressUpstreams(
  options: FastcgiOptions,
  { protocol, connectTimeout, logger }: UpstreamsContext,
): Upstreams {
  const { address = [], maxConnections = MAX_CONNECTIONS, keepAlive = false } = options
  const texts = typeof address === 'string' ? [address] : address
  const settings = {
    maxConnections,
    asksProcessCount: protocol === 'fastcgi' && options.maxConnections === undefined,
    connectTimeout,
    keepAlive: keepAlive === true ? KEEP_ALIVE : keepAlive || null,
  }
  const upstreams = texts.flatMap((text) => {
    const parsed = parseAddress(text)
    return parsed === undefined ? [] : new Upstream(nameOf(parsed), { address: parsed }, settings)
  })
  const group = new UpstreamGroup(upstreams, logger)
  return {
    name: `${protocol}://${upstreams.map(({ name }) => name).join(',')}`,
    group,
    async close() {
      group.close()
    },
  }
}
