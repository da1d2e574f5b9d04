import { adapterSuite } from '../adapter-suite.js'
import { fastify5Http1Tls } from '../adapters.js'

adapterSuite(fastify5Http1Tls)
