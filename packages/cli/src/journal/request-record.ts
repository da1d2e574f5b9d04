/** One request, as it is known so far. Times are in milliseconds. */
export interface RequestRecord {
  /** Counted from 1 since the server was started. */
  readonly id: number
  /** When it came, in milliseconds since 1970. */
  readonly startTime: number
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** The client's address. */
  readonly client: string
  /** Whether a script answers it, and not the files of the folder. */
  readonly isScript: boolean
  /** Absolute path of the script, once it is known: the last one, where one has redirected to another. */
  readonly script: string | undefined
  /** Process of the script, once it runs. */
  readonly pid: number | undefined
  /** Whether it waits for its turn, as many scripts run as may at once. */
  readonly isWaiting: boolean
  /** How long it waited for its turn, once it has come. */
  readonly queueTime: number | undefined
  /** Undefined as long as no header is out. */
  readonly status: number | undefined
  /** From the request to the response's header. */
  readonly headerTime: number | undefined
  /** From the request to the end of the response; undefined as long as it goes on. */
  readonly duration: number | undefined
  /** Bytes of content that were received for a script. */
  readonly bytesIn: number
  /** Bytes of content that were sent; of an nph- script, all that it wrote. */
  readonly bytesOut: number
  /** Exit code of the script; null where a signal ended it, undefined as long as it runs. */
  readonly exitCode: number | null | undefined
  /** The signal that ended the script; null where it exited by itself, or was stopped because of `error`. */
  readonly signal: string | null | undefined
  /** What went wrong, in a sentence or two, for whoever has the server. */
  readonly error: string | undefined
  /** The last lines of the scripts' standard error. */
  readonly standardError: readonly string[]
  /** How much of standard error is not among them, in bytes. */
  readonly droppedBytes: number
  /** How much of it came too fast for the log, in bytes. */
  readonly unloggedBytes: number
  /** Whether the response was cut off though no script had failed: the client left, or the server stopped. */
  readonly isAborted: boolean
}
