import { adapterSuite } from '../adapter-suite.js'
import { fastify5Http2Tls } from '../adapters.js'
import { http2Suite } from '../suite/http2.js'

adapterSuite(fastify5Http2Tls)
http2Suite(fastify5Http2Tls)
