import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5Http2Tls } from '../support/adapters.js'

adapterContract(t, fastify5Http2Tls)
