import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5Http1Tls } from '../adapters.js'

adapterContract(fastify5Http1Tls)
