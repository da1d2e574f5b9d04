import type { CgiLogger } from '../data/logger.js'
import type { Transport } from './transport.js'

/** The gateway that a transport is made for. */
export interface TransportContext {
  /** Logs what belongs to no request; it never throws. */
  readonly logger: CgiLogger
  /** Absolute path of the folder of the scripts; undefined where scripts are no files of this machine. */
  readonly root: string | undefined
  /** The option `extensions`; undefined: every file that can be run is a script. */
  readonly extensions: readonly string[] | undefined
  /** The option `killTimeout`, in milliseconds. */
  readonly killTimeout: number
  /** The option `queueTimeout`, in milliseconds; 0: no limit. */
  readonly queueTimeout: number
}

/**
 * Makes a transport for each gateway that it is given to. The options `transport`, `interpreters`,
 * `fallbackInterpreters` and `script` take one.
 */
export interface TransportFactory {
  /**
   * Makes the transport of a gateway, once. It starts and keeps nothing before its first `open()`: a gateway
   * whose other options are wrong is not created, and does not close it.
   *
   * @throws {CgiError} CGI_ERR_INVALID_OPTION. An error of another class becomes its `cause`.
   */
  createTransport(gateway: TransportContext): Transport
}

/** Whether a value makes transports, rather than being one. */
export function isTransportFactory(value: unknown): value is TransportFactory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'createTransport' in value &&
    typeof value.createTransport === 'function'
  )
}
