import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { nodeHttp } from '../support/adapters.js'

gatewayContract(t, nodeHttp)
