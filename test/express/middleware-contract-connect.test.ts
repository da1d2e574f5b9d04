import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { connect } from '../support/middleware-adapters.js'

middlewareContract(t, connect)
