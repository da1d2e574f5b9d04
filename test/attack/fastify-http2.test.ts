import t from 'tap'
import { fastify5Http2 } from '../support/adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(t, fastify5Http2)
