import { gatewayContract } from '../contract/gateway-contract.js'
import { fastify5Http2Tls } from '../adapters.js'

gatewayContract(fastify5Http2Tls)
