import type { Connection } from './connection.js'
import type { Exchange, ExchangeCall } from './exchange.js'
import { FastcgiExchange } from './fastcgi-exchange.js'
import { ScgiExchange } from './scgi-exchange.js'

/**
 * Sends a request on a connection that has none.
 *
 * @throws {CgiError} CGI_ERR_FIELD_TOO_LARGE, CGI_ERR_TARGET_TOO_LONG for a variable that does not fit in a record. The
 *   connection has not been used then.
 */
export function openExchange(connection: Connection, call: ExchangeCall): Exchange {
  if (call.protocol === 'scgi') return new ScgiExchange(connection, call)
  return new FastcgiExchange(connection, call)
}
