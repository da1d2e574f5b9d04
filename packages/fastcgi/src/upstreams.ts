import type { TransportContext } from '@common-gateway/core/transport'
import type { UpstreamGroup } from './upstream/upstream-group.js'

/** The upstreams of one `fastcgi()`, and what starts and ends them. */
export interface Upstreams {
  /** For logs and errors: `fastcgi://127.0.0.1:9000`. */
  readonly name: string
  readonly group: UpstreamGroup
  /** Called for each gateway, before its first request. */
  open(gateway: TransportContext): void
  /** Called when the last gateway is closed. They may be opened again. */
  close(): Promise<void>
}
