import t from 'tap'
import { fastify5 } from '../support/adapters.js'
import { caseSuite } from './case-suite.js'
import { TABLES } from './cases/index.js'

caseSuite(t, TABLES, { adapter: fastify5, on: 'unix' })
