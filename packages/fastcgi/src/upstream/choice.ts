import type { Upstream } from './upstream.js'

/**
 * The upstream for the next request: one that is to be probed, or else the one with the least part of its places
 * taken. Undefined: none has a free place.
 *
 * @param avoided - taken only where there is no other.
 */
export function chooseUpstream(
  upstreams: readonly Upstream[],
  now: number,
  avoided?: Upstream,
): Upstream | undefined {
  let best: Upstream | undefined
  for (const upstream of upstreams) {
    if (upstream === avoided) continue
    if (isToBeProbed(upstream, now)) return upstream
    if (!upstream.isUp || upstream.busy >= upstream.limit) continue
    if (best === undefined || isBetter(upstream, best)) best = upstream
  }
  if (best !== undefined || avoided === undefined || !upstreams.includes(avoided)) return best
  return chooseUpstream([avoided], now)
}

/** One request at a time shows whether an upstream answers again. */
export function isToBeProbed({ health, busy }: Upstream, now: number): boolean {
  return health.isDown && !health.needsConnection && busy === 0 && health.timeOut(now) <= 0
}

function isBetter(upstream: Upstream, best: Upstream): boolean {
  const difference = upstream.busy / upstream.limit - best.busy / best.limit
  if (difference !== 0) return difference < 0
  // Idle workers are ended, and the others have compiled their scripts: the first ones do the work.
  if (upstream.worker !== undefined)
    return upstream.worker.pid !== undefined && best.worker?.pid === undefined
  return upstream.requests < best.requests
}
