import { middlewareSuite } from '../adapter-suite.js'
import { connect } from '../middleware-adapters.js'

middlewareSuite(connect)
