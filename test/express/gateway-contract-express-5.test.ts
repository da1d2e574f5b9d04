import t from 'tap'
import { gatewayContract } from '../contract/gateway-contract.js'
import { express5 } from '../support/adapters.js'

gatewayContract(t, express5)
