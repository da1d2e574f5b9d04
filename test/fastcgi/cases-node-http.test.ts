import t from 'tap'
import { nodeHttp } from '../support/adapters.js'
import { caseSuite } from './case-suite.js'
import { TABLES } from './cases/index.js'

caseSuite(t, TABLES, { adapter: nodeHttp, on: 'unix' })
