import { middlewareSuite } from '../adapter-suite.js'
import { polka10 } from '../middleware-adapters.js'

middlewareSuite(polka10)
