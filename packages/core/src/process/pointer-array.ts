/** How many bytes a pointer has. */
const POINTER_SIZE = 8

/**
 * Makes what C calls `char *const []`: pointers to strings, and a null pointer after the last. All of it
 * is one piece of memory, which must be referred to as long as it is in use.
 *
 * @param strings - byte strings without a NUL.
 * @param addressOf - where memory begins.
 */
export function createPointerArray(
  strings: readonly string[],
  addressOf: (memory: Buffer) => bigint,
): Buffer {
  const table = (strings.length + 1) * POINTER_SIZE
  const size = strings.reduce((sum, each) => sum + each.length + 1, table)
  // On its own: of a shared piece, the rest would be kept alive with it.
  const memory = Buffer.allocUnsafeSlow(size)
  const base = addressOf(memory)
  let offset = table
  strings.forEach((string, index) => {
    memory.writeBigUInt64LE(base + BigInt(offset), index * POINTER_SIZE)
    offset += memory.write(string, offset, 'latin1')
    memory[offset] = 0
    offset += 1
  })
  memory.fill(0, strings.length * POINTER_SIZE, table)
  return memory
}
