import { createMetrics } from '@common-gateway/fastify'
import type { FastifyInstance } from 'fastify'
import { METRICS_PATH } from '../access/access.js'
import { HEADERS, refuseOthers } from '../access/local-only.js'

/** Serves the metrics to clients on this machine. */
export function serveMetrics(app: FastifyInstance): void {
  app.get(METRICS_PATH, { onRequest: refuseOthers }, (_request, reply) => {
    return reply
      .headers(HEADERS)
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(createMetrics(app.cgi))
  })
}
