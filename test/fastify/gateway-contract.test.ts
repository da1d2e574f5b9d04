import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { fastify5 } from '../support/adapters.js'

gatewayContract(t, fastify5)
