import type { TransportFactory } from '@common-gateway/core/transport'
import { ApplicationServer } from './application-server.js'
import type { FastcgiOptions, ScgiOptions } from './options.js'
import { checkOptions } from './rules.js'
import { toOptions } from './short-form.js'

export type { FastcgiOptions, ScgiOptions } from './options.js'
export type { UpstreamChange } from './upstream/upstream-channel.js'

/**
 * Runs scripts by FastCGI: in an application server at an address (php-fpm, fcgiwrap, any responder), or in a program
 * that the gateway starts and watches (`php-cgi`). For the options `interpreters`, `script` and `transport` of a
 * gateway; several gateways may share it.
 *
 * @param options - a program, a program and its arguments, an address (`host:port`, or the path of a
 *   socket: one that is there, or one that ends in `.sock` or `.socket` or begins with `unix:`), or options.
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function fastcgi(options: string | readonly string[] | FastcgiOptions): TransportFactory {
  return create(options, 'fastcgi')
}

/**
 * The same by SCGI (https://python.ca/scgi/protocol.txt), which has no standard error and one request on each connection.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function scgi(options: string | readonly string[] | ScgiOptions): TransportFactory {
  return create(options, 'scgi')
}

function create(
  value: string | readonly string[] | FastcgiOptions,
  protocol: 'fastcgi' | 'scgi',
): TransportFactory {
  const options = toOptions(value)
  checkOptions(options, protocol)
  return new ApplicationServer(options, protocol)
}
