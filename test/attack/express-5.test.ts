import t from 'tap'
import { express5 } from '../support/adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, express5)
