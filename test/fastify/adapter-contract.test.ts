import { adapterContract } from '../contract/adapter-contract.js'
import { fastify5 } from '../adapters.js'

adapterContract(fastify5)
