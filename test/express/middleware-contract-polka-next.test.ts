import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { polka10 } from '../support/middleware-adapters.js'

middlewareContract(t, polka10)
