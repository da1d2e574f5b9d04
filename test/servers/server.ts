import type { Site } from './site.js'

/** A server that runs CGI programs. */
export interface Server {
  readonly name: string
  /** What there is to know of it: version, and what its configuration says beyond the defaults. */
  readonly description: string
  /** Whether it is ours, and so has to pass. */
  readonly isOurs: boolean
  /** What has to be installed for it; undefined if it is. */
  missing(): string | undefined
  /** Starts it for the scripts of a site, at `/cgi-bin/`. */
  start(site: Site): Promise<RunningServer>
}

export interface RunningServer {
  readonly port: number
  /** The processes that were started for it; the others of the server descend from them. */
  readonly pids: readonly number[]
  close(): Promise<void>
}
