import type { CgiOptions, CgiRun, CgiStats } from '@common-gateway/core'
import type * as http from 'node:http'
import type { TrustProxy } from './client-view.js'

declare module 'http' {
  interface IncomingMessage {
    /**
     * The run of the script that answers; null until it has started, and where no script runs. Undefined if the
     * request has come to no gateway.
     */
    readonly cgi?: CgiRun | null
  }
}

/** A middleware for Express 4 and 5, Connect, Polka, and bare node:http. */
export interface CgiMiddleware<Native extends http.IncomingMessage = http.IncomingMessage> {
  (request: Native, response: http.ServerResponse, next: (error?: unknown) => void): void
  /** Counts of the scripts that run, that wait and that have run. */
  stats(): CgiStats
  /** Refuses new requests (503), waits `closeTimeout` for the running scripts, then stops them. */
  close(): Promise<void>
}

/** Options of the middleware. */
export interface CgiMiddlewareOptions<Native = http.IncomingMessage> extends CgiOptions<Native> {
  /**
   * **trustProxy** `boolean | number | string | string[] | (address, hop) => boolean` - Which
   * proxies may set the client's address, scheme and host (`X-Forwarded-For`, `-Proto`, `-Host`): all, a number
   * of hops, addresses and networks (`'loopback, 10.0.0.0/8'`), or those for which the function returns true.
   * Default: Express's own setting `trust proxy`; without Express, none.
   * @example `{ trustProxy: 'loopback, 10.0.0.0/8' }`
   */
  trustProxy?: TrustProxy
}
