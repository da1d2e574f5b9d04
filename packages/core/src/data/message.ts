import type { Readable } from 'node:stream'
import type { HeaderField } from './header-fields.js'
import type { CgiLogger } from './logger.js'

/**
 * One HTTP request, with nothing of a framework in it. The `Exchange` of an adapter has it.
 *
 * @typeParam Native - the framework's own request, handed to the options that are functions.
 */
export interface CgiRequest<Native = unknown> {
  /** The request method as it was sent: `GET`, `PROPFIND`. */
  readonly method: string
  /** Path and query to process, not decoded, beginning with `/` (or `*`): `/cgi-bin/a.cgi/b?c`. */
  readonly url: string
  /** The request-target as the client sent it; differs from `url` after a rewrite or redirect. */
  readonly originalUrl: string
  /** The part of `url` the gateway is mounted at, as sent, without a slash at its end: `/cgi-bin`. */
  readonly mount: string
  /** The HTTP version: `1.0`, `1.1`, `2.0`. */
  readonly httpVersion: string
  /** The header fields in the order they came, duplicates kept, values as byte strings. */
  readonly headers: readonly HeaderField[]
  /** Whether there were more fields than the server has kept: one that matters may be missing. */
  readonly areHeadersCut?: boolean | undefined
  /** The request content, not yet read; null where the request has none. */
  readonly body: Readable | null
  /** `http` or `https`, as the framework sees it (so its trust-proxy setting is obeyed). */
  readonly scheme: string
  /** Host and port the client asked for, as the framework sees them; undefined where none came. */
  readonly host: string | undefined
  /** The port that the request came in on, or the proxy's where the framework trusts one. */
  readonly serverPort: number
  /** Address the request came in on. */
  readonly serverAddress: string
  /** Address of the client, as the framework sees it. */
  readonly remoteAddress: string
  /** Port of the peer on the other side of the connection. */
  readonly remotePort: number
  /** The redirects a script has asked for in the course of this request. */
  readonly localRedirects: LocalRedirects
  /**
   * Whether there is a connection that an NPH script can write on itself (RFC 3875 section 5): not one of
   * HTTP/2, and none at all where a request is injected for a test. Default: by the HTTP version.
   */
  readonly allowsNonParsed?: boolean | undefined
  /** Aborted when the client has gone. */
  readonly signal: ClientSignal
  /** Where this request's messages go; `options.logger` by default. */
  readonly logger?: CgiLogger | undefined
  /**
   * Tells the client what to fetch while the script still works (103, RFC 8297): values of `Link`
   * fields. Absent where its protocol has no interim responses.
   */
  readonly sendEarlyHints?: ((links: string[]) => void) | undefined
  /** Bounds how the client takes the answer; absent where the host does not watch that. */
  readonly limitDelivery?: ((limits: DeliveryLimits) => void) | undefined
  /** The framework's own request. */
  readonly native: Native
}

/** What is asked of a client that takes an answer, while it is the client that is waited for. */
export interface DeliveryLimits {
  /** The least that it takes, in bytes a second; 0: no limit. */
  readonly minRate: number
  /** How long it may take nothing, in milliseconds; 0: no limit. */
  readonly bodyTimeout: number
  /** Called when it has taken something. */
  readonly moved: () => void
  /** Called when it is cut off, with the reason for the log. */
  readonly cutOff: (reason: string) => void
}

/** Says whether a client has gone: what the gateway uses of an AbortSignal, which is one. */
export interface ClientSignal {
  /** Whether it has gone. */
  readonly aborted: boolean
  /** Has the listener called, once, when the client goes; never for one that has gone before. */
  addEventListener(type: 'abort', listener: () => void): void
  /** Takes back what addEventListener asked for. */
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Trail of the local redirects (RFC 3875 section 6.2.2) behind a request. */
export interface LocalRedirects {
  /** How many there have been; 0 for a request as the client sent it. */
  readonly count: number
  /** Path and query of the request that the last one came from; undefined where there was none. */
  readonly from?: string | undefined
}

/** A response whose header the gateway has read: status, fields and content are HTTP's. */
export interface CgiResponse {
  readonly type: 'response'
  /** 200 to 599. */
  readonly status: number
  /** The reason phrase of the status line, as a byte string. */
  readonly reason: string
  /** Fields in the script's order, duplicates kept; no hop-by-hop fields among them. */
  readonly headers: readonly HeaderField[]
  /**
   * The content: all of it where it is short and has come already; a stream, which fails with a
   * `CgiError` when the script does; null where there is none.
   */
  readonly body: Buffer | Readable | null
}

/** The output of an NPH script (RFC 3875 section 5), to be sent as it is, status line and all. */
export interface NonParsedResponse {
  readonly type: 'non-parsed'
  /** Every byte for the client. The connection closes after it. */
  readonly body: Readable
}

/** A script's wish that the server answer with another of its own resources (section 6.2.2). */
export interface LocalRedirect {
  readonly type: 'local-redirect'
  /** Path and query to process as a GET: `/path?query`. */
  readonly location: string
}
