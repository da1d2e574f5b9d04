import { toByteString } from '../byte-string.js'
import type { SpawnOptions } from './spawner.js'

/** How many bytes a pointer has. */
const POINTER_SIZE = 8
/** There is room in it for what most programs are started with, in bytes. */
const USUAL_SIZE = 16 * 1024

/**
 * The memory that a process is started with, as C wants it. It is for one process at a time, and is used
 * again for the next: the pid is put there; path, words, variables and folder are read from there.
 */
export class SpawnMemory {
  /** Whether a thread is reading it. */
  isInUse = false
  readonly #addressOf: (memory: Buffer) => bigint
  readonly #fileActionsSize: number
  #bytes = Buffer.alloc(0)
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
    let strings = ''
    const offsets: (number | null)[] = []
    const add = (string: string): void => {
      offsets.push(strings.length)
      strings += string
      strings += '\0'
    }
    for (const word of command) add(word)
    offsets.push(null)
    for (const name in environment) add(`${name}=${environment[name]}`)
    offsets.push(null)
    const folder = strings.length
    strings += `${toByteString(cwd)}\0`

    const table = POINTER_SIZE + this.#fileActionsSize
    const start = table + POINTER_SIZE * offsets.length
    this.#reserve(start + strings.length)
    this.#bytes.writeInt32LE(0, 0)
    this.#bytes.write(strings, start, 'latin1')
    const base = this.#base
    offsets.forEach((offset, index) => {
      this.#writePointer(table + POINTER_SIZE * index, offset === null ? 0 : base + start + offset)
    })
    this.#path = base + start
    this.#folder = base + start + folder
    this.#argv = base + table
    this.#envp = this.#argv + POINTER_SIZE * (command.length + 1)
  }

  /** Addresses have 48 bits, or 57: a number holds 53, more than user space has been seen to use. */
  #writePointer(offset: number, address: number): void {
    this.#bytes.writeUInt32LE(address % 2 ** 32, offset)
    this.#bytes.writeUInt32LE(Math.floor(address / 2 ** 32), offset + 4)
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    this.#bytes = Buffer.alloc(size)
    this.#base = Number(this.#addressOf(this.#bytes))
  }
}
