/** What a host is asked, by the name of the question. */
export interface Answers {
  /** After a garbage collection, in bytes; shared pages count for the host's share of them. */
  readonly memory: { readonly resident: number; readonly proportional: number }
  /** Begins to watch what requests keep the event loop busy for. */
  readonly watch: null
  /** Ends it; what each request since then did, in milliseconds. */
  readonly stretches: readonly number[]
  /** The same of starts of a program, without any request. */
  readonly starts: readonly number[]
}

export type Question = keyof Answers

/** How an application has PHP: by a process for each request, by a pool of its own, or by a pool at a socket. */
export type PhpSetup =
  | 'process'
  | { readonly processes: number }
  | { readonly socket: string; readonly processes: number }

/** How a host is to be started. */
export interface HostSetup {
  readonly framework: string
  readonly root: string
  readonly megabytes: number
  /** More options for the gateway. */
  readonly options: Readonly<Record<string, unknown>>
  /** Whether scripts are not started, and their answers come from memory. */
  readonly hasMemorySpawner?: boolean
  readonly php?: PhpSetup
  /** Whether interpreters stay, by `warm()`. */
  readonly isWarm?: boolean
}
