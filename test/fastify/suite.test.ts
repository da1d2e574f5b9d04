import { adapterSuite } from '../adapter-suite.js'
import { fastify5 } from '../adapters.js'

adapterSuite(fastify5)
