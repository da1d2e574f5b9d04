/** Numbers that look random, and are the same for the same seed and request. */
export interface Random {
  /** A whole number from 0, and less than this. */
  below(end: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** Each request has numbers of its own: what it is does not depend on how the others fare. */
export function createRandom(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
  // Mulberry32, by Tommy Ettinger; public domain.
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  function below(end: number): number {
    return next() % end
  }
  function pick<Item>(items: readonly Item[]): Item {
    // An index into the list that it was made for.
    return items[below(items.length)] as Item
  }
  return { below, pick }
}
