import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { fastify5Http2 } from '../support/adapters.js'

gatewayContract(t, fastify5Http2)
