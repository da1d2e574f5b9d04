const PIECE = 1024 * 1024

/** Memory that a process really has: pages that were written to, in pieces of a megabyte. */
export function createBallast(megabytes: number): Buffer[] {
  return Array.from({ length: megabytes }, () => Buffer.alloc(PIECE, 1))
}
