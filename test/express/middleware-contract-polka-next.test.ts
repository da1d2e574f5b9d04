import { middlewareContract } from '../contract/middleware-contract.js'
import { polka10 } from '../middleware-adapters.js'

middlewareContract(polka10)
