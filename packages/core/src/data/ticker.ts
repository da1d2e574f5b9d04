/** In milliseconds. */
const INTERVAL = 500

/** An object that is called at an interval. */
export abstract class Ticking {
  /** Its index in the list of all; -1 if it is not in the list. */
  index = -1

  /** @param milliseconds - the time since the last call, without time in which this process was blocked. */
  abstract tick(milliseconds: number): void
}

/** All share one timer: most are removed before it fires, and a timer for each would cost more. */
const all: Ticking[] = []
let timer: NodeJS.Timeout | undefined
let last = 0

/** Starts to call `tick` of an object. */
export function startTicking(ticking: Ticking): void {
  if (ticking.index !== -1) return
  ticking.index = all.push(ticking) - 1
  if (timer !== undefined) return
  last = performance.now()
  timer = setInterval(tickAll, INTERVAL).unref()
}

/** Stops the calls. */
export function stopTicking(ticking: Ticking): void {
  const { index } = ticking
  if (index === -1) return
  ticking.index = -1
  const moved = all.pop()
  if (moved === undefined || moved === ticking) return
  all[index] = moved
  moved.index = index
}

function tickAll(): void {
  const now = performance.now()
  // A process that was blocked, or stopped, has not read what arrived meanwhile.
  const elapsed = Math.min(now - last, 2 * INTERVAL)
  last = now
  // A copy: a call may remove others, which moves the last to their index.
  for (const ticking of all.slice()) {
    if (ticking.index !== -1) ticking.tick(elapsed)
  }
  if (all.length > 0) return
  clearInterval(timer)
  timer = undefined
}
