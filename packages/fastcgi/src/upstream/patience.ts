import type { PlaceSearch } from './place-queue.js'
import type { Upstream } from './upstream.js'

/** How long a request waits for an upstream that can be probed soon, in milliseconds. */
const SHORT_WAIT = 200
/** How long a request waits for a worker that is started again, in milliseconds. */
const RESTART_WAIT = 1_000

/** How long a request may still wait where no upstream is up, in milliseconds; 0 or less: it fails now. */
export function patienceOf(
  upstreams: readonly Upstream[],
  now: number,
  { start, connectDeadline }: Pick<PlaceSearch, 'start' | 'connectDeadline'>,
): number {
  const left = connectDeadline - now
  if (upstreams.some(({ worker }) => worker !== undefined)) {
    const isSoon = upstreams.some(({ worker }) => worker && worker.restartsIn <= SHORT_WAIT)
    return isSoon ? Math.min(left, start + RESTART_WAIT - now) : 0
  }
  const isSoon = upstreams.some(({ isProbed }) => isProbed)
  return isSoon || shortestTimeOut(upstreams, now) <= SHORT_WAIT ? left : 0
}

/** When the first of the upstreams that are down can be probed, in milliseconds from now; `Infinity`: none is down. */
export function shortestTimeOut(upstreams: readonly Upstream[], now: number): number {
  let shortest = Number.POSITIVE_INFINITY
  for (const { health } of upstreams) {
    if (health.isDown) shortest = Math.min(shortest, health.timeOut(now))
  }
  return shortest
}
