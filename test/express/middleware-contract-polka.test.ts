import { middlewareContract } from '../contract/middleware-contract.js'
import { polka05 } from '../middleware-adapters.js'

middlewareContract(polka05)
