import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5Http2 } from '../adapters.js'

adapterContract(fastify5Http2)
