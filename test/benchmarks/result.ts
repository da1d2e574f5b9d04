import type { Figures } from './scenario.js'

/** What one server did in one scenario. */
export interface Row {
  readonly server: string
  /** Data beside the server's own, in its process. */
  readonly megabytes: number
  /** Requests that warmed it, where they are fewer than those of the result. */
  readonly warmUp?: readonly number[]
  readonly rounds: readonly Figures[]
  /** Why it could not go on. */
  readonly failure?: string
}

/** What all servers did in one scenario. */
export interface Result {
  /** The id of the scenario. */
  readonly scenario: string
  readonly date: string
  /** The tree of `packages` that was measured. */
  readonly tree: string
  /** Requests that warmed each server, at least; none: it was not warmed. Absent from old records. */
  readonly warmUp?: readonly number[]
  readonly rows: readonly Row[]
}
