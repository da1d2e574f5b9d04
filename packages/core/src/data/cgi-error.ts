import { inspect } from 'node:util'
import { describeFailure } from './logger.js'

/** What can go wrong: each code with its HTTP status and the sentence that a client may read. */
const ERRORS = {
  CGI_ERR_INVALID_OPTION: [500, 'A gateway option is invalid'],
  CGI_ERR_BAD_TARGET: [400, 'The request path is invalid'],
  CGI_ERR_BAD_HOST: [400, 'The Host header field is invalid'],
  CGI_ERR_BAD_FRAMING: [400, 'The request body length is ambiguous'],
  CGI_ERR_NOT_EXECUTABLE: [403, 'The requested resource cannot be run'],
  CGI_ERR_NOT_FOUND: [404, 'The requested resource was not found'],
  CGI_ERR_METHOD_NOT_ALLOWED: [405, 'The request method is not allowed'],
  CGI_ERR_BODY_STALLED: [408, 'The request body did not arrive in time'],
  CGI_ERR_CLIENT_TOO_SLOW: [408, 'The client is too slow'],
  CGI_ERR_BODY_TOO_LARGE: [413, 'The request body is too large'],
  CGI_ERR_TARGET_TOO_LONG: [414, 'The request target is too long for a script'],
  CGI_ERR_FIELD_TOO_LARGE: [431, 'A request header field is too large for a script'],
  CGI_ERR_HEADERS_CUT: [431, 'The request has too many header fields'],
  CGI_ERR_CLIENT_GONE: [400, 'The client closed the connection'],
  CGI_ERR_BODY_CONSUMED: [
    500,
    'The request body was consumed before the gateway could read it: mount the gateway before body parsers',
  ],
  CGI_ERR_BODY_FAILED: [500, 'The request body could not be read'],
  CGI_ERR_SPOOL: [500, 'The request body could not be stored'],
  CGI_ERR_ENVIRONMENT: [500, 'The script environment could not be created'],
  CGI_ERR_SPAWN: [500, 'The script could not be started'],
  CGI_ERR_NOT_IMPLEMENTED: [501, 'The transfer coding is not supported'],
  CGI_ERR_BAD_HEADER: [502, 'The script sent an invalid header'],
  CGI_ERR_HEADER_TOO_LARGE: [502, 'The script sent a header that is too large'],
  CGI_ERR_NO_RESPONSE: [502, 'The script ended without a response'],
  CGI_ERR_SHORT_BODY: [502, 'The response is shorter than its Content-Length'],
  CGI_ERR_KILLED: [502, 'The script was terminated by a signal'],
  CGI_ERR_NO_UPSTREAM: [502, 'The application server cannot be reached'],
  CGI_ERR_UPSTREAM_PROTOCOL: [502, 'The application server broke the protocol'],
  CGI_ERR_TOO_MANY_REDIRECTS: [502, 'Too many local redirects'],
  CGI_ERR_BUSY: [503, 'Too many scripts are running'],
  CGI_ERR_NO_RESOURCES: [503, 'The system cannot start another script now'],
  CGI_ERR_CLOSED: [503, 'The gateway is closed'],
  CGI_ERR_UPSTREAM_TIMEOUT: [504, 'The application server did not accept a connection in time'],
  CGI_ERR_HEADERS_TIMEOUT: [504, 'The script did not respond in time'],
  CGI_ERR_BODY_TIMEOUT: [504, 'The script stopped sending its response'],
  CGI_ERR_REQUEST_TIMEOUT: [504, 'The script ran for too long'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

/** The code of a {@link CgiError}: what went wrong, for programs. */
export type CgiErrorCode = keyof typeof ERRORS

/** Facts of a failure, for the log; none of them is meant for a client. */
export interface CgiErrorDetails {
  /** What exactly was wrong, in one sentence. */
  readonly reason?: string | undefined
  /**
   * The same for programs, where a hint depends on it: an errno such as `ENOENT`, or a name such as `no-colon`.
   * Not enumerable: `reason` says it already.
   */
  readonly fault?: string | undefined
  /** Absolute path of the script. */
  readonly script?: string | undefined
  /** The script's process. */
  readonly pid?: number | undefined
  /** The application server that ran the script, or was to run it: `127.0.0.1:9000`, `php-cgi 1`. */
  readonly upstream?: string | undefined
  /** Exit code of the script; null where a signal ended it. */
  readonly exitCode?: number | null | undefined
  /** The signal that ended the script; null where it exited. */
  readonly signal?: string | null | undefined
  /** Number of the offending line of the script's output, counted from 1. */
  readonly line?: number | undefined
  /** What the script printed there, or the beginning of what it printed; an excerpt, as text. */
  readonly output?: string | undefined
  /**
   * The end of what the script wrote to its standard error, as text; empty where it wrote nothing. Only
   * with the option `errorPage`. Not enumerable: loggers have had every line of it already.
   */
  readonly standardError?: string | undefined
  /** Real path of what a link leads to, where it leaves the root. */
  readonly linkTarget?: string | undefined
  /** What to try, where the application knows better than the gateway: {@link createErrorPage} shows it. */
  readonly hint?: string | undefined
  /** Fields that the error response should carry (`Allow`, `Retry-After`). */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The error underneath. */
  readonly cause?: unknown
}

/** Fields that would only repeat in a log line what it says already. */
const HIDDEN = new Set(['fault', 'standardError'])

/** The registry of `Symbol.for` is the same for every copy of this package, as for undici's errors. */
const MARK = Symbol.for('common-gateway.CgiError')

/**
 * The one error of the gateway. `message` is a fixed sentence with nothing of the host in it, since
 * frameworks send it to clients; what a person needs to mend the fault is in the other fields. A
 * field that has nothing to say is absent. Its `stack` has no frames, which would be the gateway's own,
 * and the same each time; `cause`, where there is one, has those of what failed underneath.
 * (`CGI_ERR_INVALID_OPTION` is thrown while the application starts: its message names the option, the rule and
 * the value.)
 */
export class CgiError extends Error {
  /**
   * Whether a value is an error of the gateway. It holds across two copies of this package, which an
   * application may have where its adapters depend on different versions.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass of the application's has its own instances only.
    if (this !== CgiError) return Function.prototype[Symbol.hasInstance].call(this, value)
    try {
      return value instanceof Error && MARK in value
    } catch {
      // A revoked proxy throws here. The caller is handling an error and must not get another.
      return false
    }
  }

  /** What went wrong. */
  readonly code: CgiErrorCode
  /** HTTP status of the answer. */
  readonly statusCode: number
  /** The same, as in `http-errors`: some frameworks look for this name. Not enumerable. */
  declare status: number
  /** Whether `message` may be shown to the client: true below 500 (as in `http-errors`). */
  readonly expose: boolean
  declare readonly reason?: string
  declare readonly fault?: string
  declare readonly script?: string
  declare readonly pid?: number
  declare readonly upstream?: string
  declare readonly exitCode?: number | null
  declare readonly signal?: string | null
  declare readonly line?: number
  declare readonly output?: string
  declare readonly standardError?: string
  declare readonly linkTarget?: string
  declare readonly hint?: string
  declare readonly headers?: Readonly<Record<string, string>>

  constructor(code: CgiErrorCode, details: CgiErrorDetails = {}, message?: string) {
    const [statusCode, sentence] = ERRORS[code]
    super(message ?? sentence, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.statusCode = statusCode
    // Koa sets it. Enumerable, it would be one more field in every log line.
    Object.defineProperty(this, 'status', { value: statusCode, writable: true, configurable: true })
    this.expose = statusCode < 500
    // Where an option is wrong, the frames lead to the application's own line.
    if (code !== 'CGI_ERR_INVALID_OPTION') removeFrames(this)
    this.add(details)
  }

  /** Adds facts learned later; what is there already stays. Returns this same error. */
  add(details: CgiErrorDetails): this {
    for (const [name, value] of Object.entries(details)) {
      if (value !== undefined && name !== 'cause' && !Object.hasOwn(this, name)) {
        Object.defineProperty(this, name, { value, enumerable: !HIDDEN.has(name) })
      }
    }
    return this
  }
}

// On the prototype, as the names of Node's own errors are: not one more field in every log line.
Object.defineProperty(CgiError.prototype, 'name', { value: 'CgiError', configurable: true })

// On the prototype: a copy of the fields of an error is not a CgiError.
Object.defineProperty(CgiError.prototype, MARK, { value: true })

// What console.error() prints, and so Express: one line. An option that is wrong is shown as ever.
Object.defineProperty(CgiError.prototype, inspect.custom, {
  value(this: CgiError): CgiError | string {
    return this.code === 'CGI_ERR_INVALID_OPTION' ? this : describeFailure(this)
  },
})

/** Leaves of the stack what is not known without it: the name and the message. */
export function removeFrames(error: Error): void {
  const value = `${error.name}: ${error.message}`
  Object.defineProperty(error, 'stack', { value, writable: true, configurable: true })
}

/** The error as a CgiError: an unexpected error becomes CGI_ERR_NO_RESPONSE. */
export function toCgiError(error: unknown): CgiError {
  return error instanceof CgiError ? error : new CgiError('CGI_ERR_NO_RESPONSE', { cause: error })
}

/** The error to throw for an option that breaks its rule. */
export function invalidOption(option: string, rule: string, value: unknown): CgiError {
  const shown = typeof value === 'string' ? `'${value}'` : describeValue(value)
  return new CgiError(
    'CGI_ERR_INVALID_OPTION',
    {},
    `Expected the \`${option}\` option to be ${rule}, got ${shown} (${typeof value})`,
  )
}

function describeValue(value: unknown): string {
  if (typeof value === 'function') return value.name || 'a function'
  // JSON has no word for NaN and Infinity.
  if (typeof value === 'number') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
