import { toByteString } from '../../data/byte-string.js'
import type { SpawnOptions } from '../../transport/spawner.js'

/** How many bytes a pointer has. */
const POINTER_SIZE = 8
/** There is room in it for what most programs are started with, in bytes. */
const USUAL_SIZE = 16 * 1024

/**
 * The memory that a process is started with, as C wants it. It is for one process at a time, and is used
 * again for the next: the pid is put there; path, words, variables and folder are read from there.
 */
export class SpawnMemory {
  readonly #addressOf: (memory: Buffer) => bigint
  readonly #fileActionsSize: number
  #bytes = Buffer.alloc(0)
  /** The same bytes, as halves of pointers: the platforms that are known are little-endian. */
  #pointers = new Uint32Array(0)
  #base = 0
  #path = 0
  #folder = 0
  #argv = 0
  #envp = 0

  /**
   * @param addressOf - where memory begins; it does not move.
   * @param fileActionsSize - how large a posix_spawn_file_actions_t is.
   */
  constructor(addressOf: (memory: Buffer) => bigint, fileActionsSize: number) {
    this.#addressOf = addressOf
    this.#fileActionsSize = fileActionsSize
    this.#reserve(USUAL_SIZE)
  }

  /** The process that was started; 0 before. */
  get startedPid(): number {
    return this.#bytes.readInt32LE(0)
  }

  /** The addresses of what it holds. */
  get addresses(): Record<'pid' | 'actions' | 'path' | 'folder' | 'argv' | 'envp', bigint> {
    return {
      pid: BigInt(this.#base),
      actions: BigInt(this.#base + POINTER_SIZE),
      path: BigInt(this.#path),
      folder: BigInt(this.#folder),
      argv: BigInt(this.#argv),
      envp: BigInt(this.#envp),
    }
  }

  /** Writes what a process is to be started with. */
  write({
    command,
    environment,
    cwd,
  }: Pick<SpawnOptions, 'command' | 'environment' | 'cwd'>): void {
    const strings: string[] = [...command]
    for (const name in environment) strings.push(`${name}=${environment[name]}`)
    const variables = strings.length - command.length
    strings.push(toByteString(cwd), '')
    const text = strings.join('\0')

    // One more pointer after the words, and after the variables, is null.
    const table = POINTER_SIZE + this.#fileActionsSize
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
    this.#folder = address
  }

  /**
   * Writes an address. It has 48 bits, or 57: a number holds 53, more than user space has been seen to use.
   *
   * @returns where the next one goes.
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
