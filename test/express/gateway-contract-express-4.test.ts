import { gatewayContract } from '../contract/gateway-contract.js'
import { express4 } from '../adapters.js'

gatewayContract(express4)
