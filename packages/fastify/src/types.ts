import type { CgiOptions, CgiRun } from '@common-gateway/core'
import type { FastifyRequest } from 'fastify'
import type { Gateways } from './gateways.js'

/** Options of the plugin; `prefix` is Fastify's own. */
export type CgiPluginOptions = Omit<CgiOptions<FastifyRequest>, 'logger'>

declare module 'fastify' {
  interface FastifyInstance {
    /** The gateways of this scope by the path they are mounted at: `app.cgi.get('/cgi-bin')`. */
    cgi: Gateways
  }
  interface FastifyRequest {
    /** The run of the script that answers; null until it has started, and where no script runs. */
    readonly cgi: CgiRun | null
  }
}
