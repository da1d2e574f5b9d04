import type { Response } from './response.js'

/** Where a case meets a server. */
export interface Place {
  readonly port: number
  /** Root of the site, which holds `cgi-bin`. */
  readonly root: string
  /** A named pipe that is there for this case alone. */
  readonly gate: string
}

/**
 * One thing that a client does: it sends bytes, waits for some to have come, ends its sending side, or
 * lets a script go on that waits at the gate.
 */
export type Step =
  | { readonly send: string }
  | { readonly until: RegExp }
  | { readonly end: true }
  | { readonly open: 'gate' }

/** What came of the request of a case. */
export interface Exchange {
  readonly place: Place
  /** All that was received, as a byte string. */
  readonly received: string
  /** How the server left the connection; `open`: it had not by the end of our patience. */
  readonly end: 'closed' | 'reset' | 'open'
  /** @throws where what was received is not a row of valid responses. */
  responses(): Response[]
}

/** One row of the table. */
export interface Case {
  /** The topic and a number. */
  readonly id: string
  /** The row of the behaviour contract that it proves. */
  readonly contract: string
  /** Where the rule stands: a section of an RFC, or a CVE. */
  readonly source: string
  /** `ours`: a rule of this project, which others are not held to. */
  readonly level: 'MUST' | 'SHOULD' | 'MAY' | 'security' | 'ours'
  readonly title: string
  /** Bytes as a byte string; steps where the time matters; a function where it needs to know the place. */
  readonly request: string | readonly Step[] | ((place: Place) => readonly Step[])
  /** @throws {AssertionError} where the server did not do what the source says. */
  readonly expect: (exchange: Exchange) => void
  /** Why a server that does otherwise is wrong. */
  readonly because: string
}

/** What the rows of a table may leave to the table. */
type Common = Pick<Case, 'contract' | 'source' | 'level' | 'because'>

/** A row: what it does not say itself, the table says for all. */
type Row = Pick<Case, 'title' | 'request' | 'expect'> & Partial<Common>

/** A table of cases about one topic, which are numbered in their order. */
export function table(topic: string, ...parts: readonly [Common, readonly Row[]][]): Case[] {
  return parts
    .flatMap(([common, rows]) => rows.map((row) => ({ ...common, ...row })))
    .map((row, index) => ({ ...row, id: `${topic}-${index + 1}` }))
}
