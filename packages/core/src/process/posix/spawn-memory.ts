import type { SpawnOptions } from '../../transport/spawner.js'

/** In bytes. */
const POINTER_SIZE = 8
/** Enough for the arguments and variables of most scripts, in bytes. */
const INITIAL_SIZE = 16 * 1024

/**
 * The arguments of posix_spawn(3) in C's layout: pid, argv, envp, and their strings. It is reused for one start
 * after another.
 */
export class SpawnMemory {
  readonly #addressOf: (memory: Buffer) => bigint
  #bytes = Buffer.alloc(0)
  /** The same bytes as halves of pointers: all supported platforms are little-endian. */
  #pointers = new Uint32Array(0)
  #base = 0
  #path = 0
  #argv = 0
  #envp = 0

  /** @param addressOf - returns the address of memory. */
  constructor(addressOf: (memory: Buffer) => bigint) {
    this.#addressOf = addressOf
    this.#reserve(INITIAL_SIZE)
  }

  /** The pid that posix_spawn(3) has written; 0 before. */
  get startedPid(): number {
    return this.#bytes.readInt32LE(0)
  }

  /** The addresses to pass to posix_spawn(3). */
  get addresses(): Record<'pid' | 'path' | 'argv' | 'envp', bigint> {
    return {
      pid: BigInt(this.#base),
      path: BigInt(this.#path),
      argv: BigInt(this.#argv),
      envp: BigInt(this.#envp),
    }
  }

  /** Writes the arguments of one start. */
  write({ command, environment }: Pick<SpawnOptions, 'command' | 'environment'>): void {
    const strings: string[] = [...command]
    for (const name in environment) strings.push(`${name}=${environment[name]}`)
    const variables = strings.length - command.length
    strings.push('')
    const text = strings.join('\0')

    // The pid is first. A null pointer ends argv, and another ends envp.
    const table = POINTER_SIZE
    const start = table + POINTER_SIZE * (command.length + variables + 2)
    this.#reserve(start + text.length)
    this.#bytes.writeInt32LE(0, 0)
    this.#bytes.write(text, start, 'latin1')
    this.#path = this.#base + start
    this.#argv = this.#base + table
    this.#envp = this.#argv + POINTER_SIZE * (command.length + 1)
    let address = this.#path
    let pointer = table
    for (let index = 0; index < command.length + variables; index += 1) {
      if (index === command.length) pointer = this.#writePointer(pointer, 0)
      pointer = this.#writePointer(pointer, address)
      address += (strings[index] ?? '').length + 1
    }
    if (variables === 0) pointer = this.#writePointer(pointer, 0)
    this.#writePointer(pointer, 0)
  }

  /**
   * Writes an address. A number holds 53 bits; addresses of user space have 47, unless a program asks for more.
   *
   * @returns the offset of the next pointer.
   */
  #writePointer(offset: number, address: number): number {
    this.#pointers[offset / 4] = address % 2 ** 32
    this.#pointers[offset / 4 + 1] = address / 2 ** 32
    return offset + POINTER_SIZE
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    this.#bytes = Buffer.alloc(size)
    this.#pointers = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, size >> 2)
    this.#base = Number(this.#addressOf(this.#bytes))
  }
}
