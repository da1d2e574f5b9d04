import { channel } from 'node:diagnostics_channel'
import type { UpstreamStats } from '@common-gateway/core/transport'

/**
 * An upstream that has gone down or come up, or a worker that has been started or has ended: the message of the channel
 * `common-gateway:upstream:change`.
 */
export interface UpstreamChange {
  /** The upstream after the change. */
  readonly upstream: UpstreamStats
  /** The process of the worker that has been started, has ended, or is being ended; undefined for an address. */
  readonly pid: number | undefined
  /** Why: the failure, or `'it has answered'`; of a worker, `'it has been started'` or how it ends. */
  readonly reason: string
}

const changes = channel('common-gateway:upstream:change')

/** Publishes a change. */
export function publishChange(change: () => UpstreamChange): void {
  if (changes.hasSubscribers) changes.publish(change())
}
