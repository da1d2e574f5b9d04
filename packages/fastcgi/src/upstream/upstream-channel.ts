import { channel } from 'node:diagnostics_channel'
import type { UpstreamStats } from '@common-gateway/core/transport'

/** An upstream that has gone down or come up: the message of the channel `common-gateway:upstream:change`. */
export interface UpstreamChange {
  /** The upstream after the change. */
  readonly upstream: UpstreamStats
  /** Why it is down, or `'it has answered'`. */
  readonly reason: string
}

const changes = channel('common-gateway:upstream:change')

/** Publishes a change. */
export function publishChange(change: UpstreamChange): void {
  if (changes.hasSubscribers) changes.publish(change)
}
