import t from 'tap'
import { express5 } from '../support/adapters.js'
import { caseSuite } from './case-suite.js'
import { TABLES } from './cases/index.js'

caseSuite(t, TABLES, { adapter: express5, on: 'tcp' })
