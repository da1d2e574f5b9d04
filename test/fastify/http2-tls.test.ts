import { adapterSuite } from '../adapter-suite.js'
import { fastify5Http2Tls } from '../adapters.js'

adapterSuite(fastify5Http2Tls)
