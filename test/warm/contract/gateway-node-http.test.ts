import t from 'tap'
import { needs } from '../../cli/program.js'
import { gatewayContract } from '../../contract/gateway-contract.js'
import { nodeHttp } from '../../support/adapters.js'
import { createForkedAdapter } from './forked-adapter.js'

const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 900_000 }

void t.test('with fork servers', WITH_PYTHON, async (t) => {
  gatewayContract(t, createForkedAdapter(nodeHttp))
})
