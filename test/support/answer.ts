/** What a client has received. */
export interface Answer {
  readonly status: number
  /** HTTP/2 has none. */
  readonly reason: string
  /** In the order received, duplicates kept; values as byte strings. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Values of one field. */
  all(name: string): string[]
  readonly bytes: Buffer
  readonly text: string
}

/** An answer from its parts; fields in the order received. */
export function toAnswer(
  status: number,
  reason: string,
  received: [string, string][],
  bytes: Buffer,
): Answer {
  return {
    status,
    reason,
    fields: received,
    all: (name) =>
      received
        .filter(([each]) => each.toLowerCase() === name.toLowerCase())
        .map(([, value]) => value),
    bytes,
    text: bytes.toString('latin1'),
  }
}
