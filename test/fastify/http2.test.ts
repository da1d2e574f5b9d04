import { adapterSuite } from '../adapter-suite.js'
import { fastify5Http2 } from '../adapters.js'

adapterSuite(fastify5Http2)
