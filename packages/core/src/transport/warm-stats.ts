/** One script of a spawner that keeps interpreters warm. */
export interface WarmScript {
  /** Absolute path of the script; a byte string. */
  readonly script: string
  /** `'python'` or `'perl'`; undefined where a script is neither. */
  readonly language: string | undefined
  /**
   * `'warm'`: a fork server runs it. `'learning'`: it is started plainly until it has run often enough, or until its
   * fork server is ready. `'plain'`: it is started plainly, for `reason`.
   */
  readonly state: 'plain' | 'learning' | 'warm'
  /** Why the script is not warm. */
  readonly reason?: string | undefined
  /** Requests that its fork servers ran. */
  readonly runs: number
  /** Process id of its fork server. */
  readonly pid?: number | undefined
}

/** The fork servers of a spawner, and the requests since it was created. */
export interface WarmStats {
  /** Fork servers that run now. */
  readonly servers: number
  /** Requests that a fork server ran. */
  readonly runs: number
  /** Requests that a fork server did not take; each was then started plainly. */
  readonly refused: number
  /** Requests that were started plainly, by reason. */
  readonly plain: Readonly<Record<string, number>>
  /** The scripts that ran last, at most 100. */
  readonly scripts: readonly WarmScript[]
}
