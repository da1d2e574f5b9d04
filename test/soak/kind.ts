import type { Outcome } from './outcome.js'
import type { Visitor } from './visitor.js'

/** One thing that a client does. */
export interface Kind {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  /** How many requests it makes, where it is not one. */
  readonly requests?: number
  /** What may come of each of them. */
  readonly allowed: readonly Outcome[]
  /** @throws where an answer is wrong. */
  visit(visitor: Visitor): Promise<Outcome | readonly Outcome[]>
}
