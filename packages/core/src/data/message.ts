import type { Readable } from 'node:stream'
import type { CgiError } from './cgi-error.js'
import type { HeaderField } from './header-fields.js'
import type { CgiLogger } from './logger.js'

/**
 * An HTTP request, independent of any framework. The `Exchange` of an adapter has it.
 *
 * @typeParam Native - the framework's own request, handed to the options that are functions.
 */
export interface CgiRequest<Native = unknown> {
  /** The request method as sent: `GET`, `PROPFIND`. */
  readonly method: string
  /** Path and query to process, not decoded, beginning with `/` (or `*`): `/cgi-bin/a.cgi/b?c`. */
  readonly url: string
  /** The request-target as the client sent it; differs from `url` after a rewrite or redirect. */
  readonly originalUrl: string
  /** The part of `url` at which the gateway is mounted, as sent, without a slash at its end: `/cgi-bin`. */
  readonly mount: string
  /** The HTTP version: `1.0`, `1.1`, `2.0`. */
  readonly httpVersion: string
  /** The header fields in the order received, with duplicates; values are byte strings. */
  readonly headers: readonly HeaderField[]
  /** Whether the server has dropped fields beyond its limit, so that one may be missing. Default: `false`. */
  readonly areHeadersCut?: boolean | undefined
  /** The request content, not yet read; null if the request has none. */
  readonly body: Readable | null
  /** `http` or `https`, as the framework sees it (with its trust-proxy setting). */
  readonly scheme: string
  /** Host and port in the request, as the framework sees them; undefined if there is none. */
  readonly host: string | undefined
  /** The port on which the request was received, or the proxy's if the framework trusts one. */
  readonly serverPort: number
  /** The local address on which the request was received. */
  readonly serverAddress: string
  /** Address of the client, as the framework sees it. */
  readonly remoteAddress: string
  /** The remote port of the connection. */
  readonly remotePort: number
  /** The local redirects of scripts that led to this request. */
  readonly localRedirects: LocalRedirects
  /**
   * Whether an NPH script can write to the connection (RFC 3875 section 5): false for HTTP/2, and for a request
   * that a test injects. Default: by the HTTP version.
   */
  readonly allowsNonParsed?: boolean | undefined
  /** Aborted when the client disconnects. */
  readonly signal: ClientSignal
  /** The logger for messages about this request. Default: `options.logger`. */
  readonly logger?: CgiLogger | undefined
  /**
   * Sends an interim response with these values of `Link` fields while the script still runs (103, RFC 8297).
   * Absent if the protocol has no interim responses.
   */
  readonly sendEarlyHints?: ((links: string[]) => void) | undefined
  /** Limits how slowly the client may receive the response. Absent if the adapter does not watch that. */
  readonly limitDelivery?: ((limits: DeliveryLimits) => void) | undefined
  /** Called when the script has started. Must not throw. Absent if the adapter does not show runs to the application. */
  readonly started?: ((run: StartedRun) => void) | undefined
  /** The framework's own request. */
  readonly native: Native
}

/** A run of a script, whose message is made when it is asked for. */
export interface StartedRun {
  /** The message of the channels. */
  readonly message: CgiRun
}

/**
 * One run of a script: the message of the channels `common-gateway:run:start` and
 * `common-gateway:run:end` of `node:diagnostics_channel`. Both get the same object; a field is undefined
 * until it is known. Times are in milliseconds.
 */
export interface CgiRun {
  /** Absolute path of the script. */
  readonly script: string
  /** SCRIPT_NAME, decoded: `/cgi-bin/wiki.cgi`. */
  readonly scriptName: string
  /** PATH_INFO, decoded; a byte string, with one character for each byte. Empty if the path ends with the script. */
  readonly pathInfo: string
  /** Process id of the script; undefined where a transport has none. */
  readonly pid: number | undefined
  /** The application server that runs the script, such as `127.0.0.1:9000`; undefined for a process. */
  readonly upstream: string | undefined
  /** Whether a fork server has made its process, which had loaded the interpreter before. */
  readonly isWarm: boolean
  /** Why a spawner that keeps interpreters warm has started it without one; undefined otherwise. */
  readonly plainReason: string | undefined
  /** The request that the script answers. Not enumerable, so that a logged run does not contain it. */
  readonly request: CgiRequest
  /** When the script was started, in milliseconds since 1970. */
  readonly startTime: number
  /** How long the request waited for a slot. */
  readonly queueTime: number
  /** From the start to the end of the script's header; undefined without a header. */
  readonly headerTime: number | undefined
  /** From the start to the end of the script and its output. */
  readonly duration: number | undefined
  /** Bytes of the request body received for the script. */
  readonly bytesIn: number
  /** Bytes that the script wrote to its standard output, including its header. */
  readonly bytesOut: number
  /** Bytes of its standard error that exceeded the rate limit of the log and were dropped. */
  readonly droppedBytes: number
  /** Exit code; null if a signal ended the script. */
  readonly exitCode: number | null | undefined
  /** The signal that ended the script; null if it exited. */
  readonly signal: string | null | undefined
  /** Whether the client disconnected before it had the whole answer. */
  readonly isAbandoned: boolean
  /** Why the gateway stopped the script or rejected its output; undefined without a failure. */
  readonly error: CgiError | undefined
  /**
   * Resolves when the last line of standard error has been logged, which may be after the end of the run.
   * Not enumerable.
   */
  readonly standardErrorEnd: Promise<void>
}

/** Limits for a client that receives a response. They count only while the client is what the gateway waits for. */
export interface DeliveryLimits {
  /** The least rate, in bytes per second; 0: no limit. */
  readonly minRate: number
  /** How long the client may receive nothing, in milliseconds; 0: no limit. */
  readonly bodyTimeout: number
  /** Called when the client has received bytes. */
  readonly moved: () => void
  /** Called when a limit closes the connection, with the reason for the log. */
  readonly cutOff: (reason: string) => void
}

/** Whether a client has disconnected: the part of an AbortSignal that the gateway uses. */
export interface ClientSignal {
  /** Whether it has disconnected. */
  readonly aborted: boolean
  /** Calls the listener, once, when the client disconnects; never if it already has. */
  addEventListener(type: 'abort', listener: () => void): void
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The local redirects (RFC 3875 section 6.2.2) that led to a request. */
export interface LocalRedirects {
  /** How many there have been; 0 for a request as the client sent it. */
  readonly count: number
  /** Path and query of the request that was redirected last; undefined if there was none. */
  readonly from?: string | undefined
}

/** A response to send as HTTP: status, fields and content. */
export interface CgiResponse {
  readonly type: 'response'
  /** 200 to 599. */
  readonly status: number
  /** The reason phrase of the status line, as a byte string. */
  readonly reason: string
  /** The fields in the script's order, with duplicates, without hop-by-hop fields. */
  readonly headers: readonly HeaderField[]
  /**
   * The content: a buffer if it is short and already complete; otherwise a stream, which fails with a `CgiError`
   * if the script fails; null if there is none.
   */
  readonly body: Buffer | Readable | null
}

/** The output of an NPH script (RFC 3875 section 5), to be sent unchanged, with its status line. */
export interface NonParsedResponse {
  readonly type: 'non-parsed'
  /** Every byte for the client. The connection closes after it. */
  readonly body: Readable
}

/** A local redirect (RFC 3875 section 6.2.2): the server responds with another of its own resources. */
export interface LocalRedirect {
  readonly type: 'local-redirect'
  /** Path and query to process as a GET: `/path?query`. */
  readonly location: string
}
