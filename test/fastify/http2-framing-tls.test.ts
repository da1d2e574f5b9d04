import t from 'tap'
import { http2Suite } from '../contract/http2.js'
import { fastify5Http2Tls } from '../support/adapters.js'

http2Suite(t, fastify5Http2Tls)
