import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5Http2Tls } from '../adapters.js'

adapterContract(fastify5Http2Tls)
