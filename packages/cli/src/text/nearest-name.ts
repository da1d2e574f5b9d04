import { closestMatch } from 'leven'

/** The known name that differs from `name` by a typing error at most. */
export function findNearest(name: string, known: readonly string[]): string | undefined {
  const maxDistance = name.length < 3 ? 1 : Math.max(2, Math.floor(name.length / 3))
  return closestMatch(name, known, { maxDistance })
}
