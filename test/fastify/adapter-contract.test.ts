import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5 } from '../support/adapters.js'

adapterContract(t, fastify5)
