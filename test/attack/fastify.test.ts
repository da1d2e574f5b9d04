import t from 'tap'
import { fastify5 } from '../support/adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, fastify5)
