import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { nodeHttp } from '../adapters.js'

gatewayContract(t, nodeHttp)
