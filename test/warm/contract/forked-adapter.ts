import type { CgiOptions } from '@common-gateway/core'
import type { Adapter } from '../../support/adapters.js'
import { forkedSpawners } from './forked-spawner.js'

/** An adapter whose scripts are started by fork servers. */
export function createForkedAdapter(adapter: Adapter): Adapter {
  return {
    ...adapter,
    name: `${adapter.name}, fork servers`,
    hasForkServers: true,
    start: ({ options = {}, ...setup } = {}) =>
      adapter.start({
        ...setup,
        options: hasProcesses(options) ? { ...options, spawner: forkedSpawners } : options,
      }),
  }
}

function hasProcesses({ transport, spawner }: CgiOptions<never>): boolean {
  return transport === undefined && spawner === undefined
}
