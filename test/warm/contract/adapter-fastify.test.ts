import t from 'tap'
import { needs } from '../../cli/program.js'
import { adapterContract } from '../../contract/adapter-contract.js'
import { fastify5 } from '../../support/adapters.js'
import { createForkedAdapter } from './forked-adapter.js'

const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 900_000 }

void t.test('with fork servers', WITH_PYTHON, async (t) => {
  adapterContract(t, createForkedAdapter(fastify5))
})
