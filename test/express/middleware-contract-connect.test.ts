import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { connect } from '../middleware-adapters.js'

middlewareContract(t, connect)
