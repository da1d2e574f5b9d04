/** What a host is asked, by the name of the question. */
export interface Answers {
  /** After a garbage collection, in bytes; shared pages count for the host's share of them. */
  readonly memory: { readonly resident: number; readonly proportional: number }
  /** Begins to watch the event loop. */
  readonly watch: null
  /** Ends it; what the loop was busy for, for each request since then. */
  readonly stretches: readonly number[]
}

export type Question = keyof Answers

/** How a host is to be started. */
export interface HostSetup {
  readonly framework: string
  readonly root: string
  readonly megabytes: number
  /** More options for the gateway. */
  readonly options: Readonly<Record<string, unknown>>
}
