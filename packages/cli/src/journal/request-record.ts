/** The facts about one request that are known so far. Times are in milliseconds. */
export interface RequestRecord {
  /** Counted from 1 since the server was started. */
  readonly id: number
  /** When the request arrived, in milliseconds since 1970. */
  readonly startTime: number
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** The client's address. */
  readonly client: string
  /** Whether a browser shows the response as a page, as far as the request says. */
  readonly isForPage: boolean
  /** Whether a script answers the request rather than a file. */
  readonly isScript: boolean
  /** Absolute path of the script, once known; after a local redirect, of the last script. */
  readonly script: string | undefined
  /** Process id of the script, once started. */
  readonly pid: number | undefined
  /** The application server that runs the script, such as `127.0.0.1:9000`; undefined for a process. */
  readonly upstream: string | undefined
  /** Whether the request waits for a slot of `--max-processes`. */
  readonly isWaiting: boolean
  /** How long the request waited for a slot, once it has one. */
  readonly queueTime: number | undefined
  /** Undefined until the header is sent. */
  readonly status: number | undefined
  /** From the request to the response's header. */
  readonly headerTime: number | undefined
  /** From the request to the end of the response; undefined until then. */
  readonly duration: number | undefined
  /** Bytes of request content that a script received. */
  readonly bytesIn: number
  /** Bytes of response content; of an nph- script, its whole output. */
  readonly bytesOut: number
  /** Exit code of the script; null after a signal, undefined while it runs. */
  readonly exitCode: number | null | undefined
  /** The signal that ended the script; null if it exited, or if the gateway stopped it because of `error`. */
  readonly signal: string | null | undefined
  /** The error in a sentence or two, for the operator. */
  readonly error: string | undefined
  /** The last lines of the scripts' standard error. */
  readonly standardError: readonly string[]
  /** Bytes of standard error that `standardError` does not contain. */
  readonly droppedBytes: number
  /** Bytes of standard error that exceeded the rate limit of the log. */
  readonly unloggedBytes: number
  /** Whether the response was cut off without an `error`: the client disconnected or the server stopped. */
  readonly isAborted: boolean
}
