import { middlewareSuite } from '../adapter-suite.js'
import { polka05 } from '../middleware-adapters.js'

middlewareSuite(polka05)
