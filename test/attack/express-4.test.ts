import { express4 } from '../adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(express4)
