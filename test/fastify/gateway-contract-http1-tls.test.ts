import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { fastify5Http1Tls } from '../support/adapters.js'

gatewayContract(t, fastify5Http1Tls)
