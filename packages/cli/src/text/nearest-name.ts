import { closestMatch } from 'leven'

/** The name that was meant, if one is near enough to be taken for a typing error. */
export function findNearest(name: string, known: readonly string[]): string | undefined {
  const maxDistance = name.length < 3 ? 1 : Math.max(2, Math.floor(name.length / 3))
  return closestMatch(name, known, { maxDistance })
}
