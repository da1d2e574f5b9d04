import type { CgiOptions } from '@common-gateway/core'
import t from 'tap'
import { needs } from '../cli/program.js'
import { gatewayContract } from '../contract/gateway-contract.js'
import { type Adapter, nodeHttp } from '../support/adapters.js'
import { forkedSpawners } from './forked-spawner.js'

/** The adapter, with scripts that are started by fork servers. */
const forked: Adapter = {
  ...nodeHttp,
  name: `${nodeHttp.name}, fork servers`,
  start: ({ options = {}, ...setup } = {}) =>
    nodeHttp.start({
      ...setup,
      options: hasProcesses(options) ? { ...options, spawner: forkedSpawners } : options,
    }),
}

function hasProcesses({ transport, spawner }: CgiOptions<never>): boolean {
  return transport === undefined && spawner === undefined
}

const { skip } = needs('/usr/bin/python3')
if (skip === false) gatewayContract(t, forked)
