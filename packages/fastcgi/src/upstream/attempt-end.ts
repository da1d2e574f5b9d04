import type { CgiError, ScriptExit } from '@common-gateway/core/transport'
import type { Exchange, ExchangeEnd } from '../connection/exchange.js'
import { OVERLOADED } from '../protocol/record.js'
import type { Balancer } from './balancer.js'
import { toExchangeError } from './exchange-error.js'
import type { Placement } from './placement.js'
import { type FailedEnd, type Outcome, outcomeOf } from './retry-decision.js'
import { EXIT_AFTER_CONNECTION, within } from './worker-end.js'

/** One attempt to have a request answered. */
export interface Attempt {
  readonly placement: Placement
  readonly exchange: Exchange
  /** Of the worker that has it. */
  readonly pid: number | undefined
}

/** How an attempt has failed. */
export interface AttemptFailure {
  readonly outcome: Outcome
  readonly error: CgiError
  /** Of the worker; undefined where it goes on, or is not ours. */
  readonly exit: ScriptExit | undefined
}

/** Counts a request that was answered, and keeps its connection. The place is still taken. */
export function countAnswer(
  balancer: Balancer,
  { placement: { upstream, connection }, exchange }: Attempt,
  { isReusable }: Extract<ExchangeEnd, { type: 'complete' }>,
): void {
  if (exchange.hasAnswerBegun) balancer.succeed(upstream)
  else {
    // libfcgi ends the request where its program exits.
    upstream.worker?.taken()
    // One that ends each request at once would draw all of them.
    balancer.fail(upstream, 'lost', new Error('it has ended a request without an answer'))
  }
  if (isReusable) upstream.idle.add(connection)
}

/** Finds out how an attempt has failed, and counts it against its upstream. The place is still taken. */
export async function countFailure(
  balancer: Balancer,
  { placement: { upstream, isReused }, exchange, pid }: Attempt,
  end: FailedEnd,
): Promise<AttemptFailure> {
  const { worker } = upstream
  const { hasAnswerBegun } = exchange
  const isLost = end.type === 'lost'
  // The system resets a connection that is closed with bytes that were not read.
  if (isLost && (hasAnswerBegun || end.error === undefined)) worker?.taken()
  const exit = worker && isLost ? await within(worker.exit, EXIT_AFTER_CONNECTION) : undefined
  const error = toExchangeError(upstream, end, { hasBegun: hasAnswerBegun, pid, exit })
  const isAccident = isReused && isLost && !hasAnswerBegun
  if (end.type === 'rejected' && end.protocolStatus === OVERLOADED) upstream.limitToBusy()
  else if (!isAccident) balancer.fail(upstream, isLost ? 'lost' : 'protocol', error)
  return { outcome: outcomeOf(end, exchange), error, exit }
}
