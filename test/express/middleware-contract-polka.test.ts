import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { polka05 } from '../middleware-adapters.js'

middlewareContract(t, polka05)
