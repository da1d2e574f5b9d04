import { express5 } from '../adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(express5)
