import t from 'tap'
import { express4 } from '../support/adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, express4)
