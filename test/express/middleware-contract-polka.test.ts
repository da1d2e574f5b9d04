import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { polka05 } from '../support/middleware-adapters.js'

middlewareContract(t, polka05)
