import { fastify5Http2 } from '../adapters.js'
import { attackSuite } from './attack-suite.js'

attackSuite(fastify5Http2)
