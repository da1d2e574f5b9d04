import t from 'tap'
import { nodeHttp } from '../adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, nodeHttp)
