/** How often, in milliseconds. */
const EVERY = 500

/** Something that is looked at now and then, as long as it lasts. */
export abstract class Ticking {
  /** Where it is among the others; -1 where it is not. */
  index = -1

  /** @param milliseconds - since the last time, but for what the process has slept itself. */
  abstract tick(milliseconds: number): void
}

/** One timer for all: most are gone before it fires, and a timer of its own costs each of them more. */
const all: Ticking[] = []
let timer: NodeJS.Timeout | undefined
let last = 0

/** Has something looked at from now on. */
export function startTicking(each: Ticking): void {
  if (each.index !== -1) return
  each.index = all.push(each) - 1
  if (timer !== undefined) return
  last = performance.now()
  timer = setInterval(tickAll, EVERY).unref()
}

/** Has it looked at no more. */
export function stopTicking(each: Ticking): void {
  const { index } = each
  if (index === -1) return
  each.index = -1
  const moved = all.pop()
  if (moved === undefined || moved === each) return
  all[index] = moved
  moved.index = index
}

function tickAll(): void {
  const now = performance.now()
  // A process that was busy, or stopped, has not looked at what came meanwhile.
  const elapsed = Math.min(now - last, 2 * EVERY)
  last = now
  // One that ends takes others from their places.
  for (const each of all.slice()) {
    if (each.index !== -1) each.tick(elapsed)
  }
  if (all.length > 0) return
  clearInterval(timer)
  timer = undefined
}
