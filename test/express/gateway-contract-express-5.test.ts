import { gatewayContract } from '../contract/gateway-contract.js'
import { express5 } from '../adapters.js'

gatewayContract(express5)
