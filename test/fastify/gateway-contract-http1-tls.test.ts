import { gatewayContract } from '../contract/gateway-contract.js'
import { fastify5Http1Tls } from '../adapters.js'

gatewayContract(fastify5Http1Tls)
