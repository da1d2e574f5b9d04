import type { CgiLogger } from '@common-gateway/core/transport'
import type { UpstreamGroup } from './upstream/upstream-group.js'

/** The upstreams of one `fastcgi()`, and what ends them. */
export interface Upstreams {
  /** For logs and errors: `fastcgi://127.0.0.1:9000`. */
  readonly name: string
  readonly group: UpstreamGroup
  /**
   * Called when the last gateway is closed. They may be used again.
   *
   * @param killTimeout - the longest of the gateways, in milliseconds.
   */
  close(killTimeout: number): Promise<void>
}

/** What upstreams of both kinds need besides the options. */
export interface UpstreamsContext {
  readonly protocol: 'fastcgi' | 'scgi'
  /** In milliseconds. */
  readonly connectTimeout: number
  /** For what belongs to no gateway alone. */
  readonly logger: CgiLogger
}
