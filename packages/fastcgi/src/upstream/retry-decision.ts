import type { Exchange, ExchangeEnd } from '../connection/exchange.js'
import { CANT_MPX_CONN, OVERLOADED } from '../protocol/record.js'

/** How an exchange has ended without a whole answer. */
export type FailedEnd = Exclude<ExchangeEnd, { type: 'complete' }>

/** What has become of one attempt to have a request answered. */
export type Outcome =
  /** Closed before the system had taken a byte of the request. */
  | 'unsent'
  /** FCGI_OVERLOADED or FCGI_CANT_MPX_CONN: the application has not begun. */
  | 'refused'
  /** Closed without a byte of an answer. */
  | 'unanswered'
  /** Anything else: an answer had begun, or it was no answer. */
  | 'failed'

/** The facts that decide whether a request is sent again. */
export interface RetryFacts {
  readonly outcome: Outcome
  readonly method: string
  /** Whether the connection had carried a request before: it may have been closed before this one came. */
  readonly isReused: boolean
  /** Whether the process that had the request has ended. */
  readonly hasKilledWorker: boolean
  /** Whether all of the body that has been read is still there. */
  readonly canSendAgain: boolean
  /** How often the request has been sent again already. */
  readonly retries: number
  /** The option. */
  readonly retry: 'unsent' | 'safe'
}

/** RFC 9110 section 9.2.1. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Section 9.2.2. */
const IDEMPOTENT = new Set([...SAFE, 'PUT', 'DELETE'])
const MOST_RETRIES = 2

/** What has become of an attempt whose exchange has ended so. */
export function outcomeOf(
  end: FailedEnd,
  { hasAnswerBegun, isSent }: Pick<Exchange, 'hasAnswerBegun' | 'isSent'>,
): Outcome {
  if (hasAnswerBegun || end.type === 'fault') return 'failed'
  if (end.type === 'lost') return isSent ? 'unanswered' : 'unsent'
  const { protocolStatus } = end
  return protocolStatus === OVERLOADED || protocolStatus === CANT_MPX_CONN ? 'refused' : 'failed'
}

/** Whether a request of this method may be sent on a connection that the application may have closed. */
export function mayReuseConnection(method: string): boolean {
  return IDEMPOTENT.has(method)
}

/**
 * Whether the end of a request's variables waits until the application has taken the others. It may be lost in a backlog:
 * Linux discards or resets connections there, and nothing else shows that the application has not begun.
 */
export function isHeldBack(method: string): boolean {
  return !SAFE.has(method)
}

/** Whether a request is sent again. One that the application may have seen is not, unless that is harmless. */
export function isSentAgain(facts: RetryFacts): boolean {
  const { outcome, method, isReused, retries } = facts
  if (!facts.canSendAgain || retries >= MOST_RETRIES || facts.hasKilledWorker) return false
  switch (outcome) {
    case 'unsent':
    case 'refused':
      return true
    case 'unanswered':
      if (isReused) return IDEMPOTENT.has(method)
      return facts.retry === 'safe' && SAFE.has(method) && retries === 0
    case 'failed':
      return false
  }
}
