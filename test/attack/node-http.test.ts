import t from 'tap'
import { nodeHttp } from '../support/adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, nodeHttp)
