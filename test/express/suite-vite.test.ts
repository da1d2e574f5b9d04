import { middlewareSuite } from '../adapter-suite.js'
import { vite } from '../middleware-adapters.js'

middlewareSuite(vite)
