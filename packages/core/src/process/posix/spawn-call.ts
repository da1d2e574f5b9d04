import type { SpawnOptions } from '../../transport/spawner.js'
import type { CLibrary } from './c-library.js'
import { FileActions } from './file-actions.js'
import { SpawnMemory } from './spawn-memory.js'

/** A call of posix_spawn(3). It is reused: it starts one process after another. */
export class SpawnCall {
  readonly #library: CLibrary
  readonly #attributes: Buffer
  readonly #memory: SpawnMemory
  readonly #fileActions: FileActions
  #actions: Buffer = Buffer.alloc(0)

  /** @param attributes - the posix_spawnattr_t, which all calls may share. */
  constructor(library: CLibrary, attributes: Buffer) {
    this.#library = library
    this.#attributes = attributes
    this.#memory = new SpawnMemory(library.addressOf)
    this.#fileActions = new FileActions(library)
  }

  /** The pid of the process that was started; 0 until the call returns. */
  get pid(): number {
    return this.#memory.startedPid
  }

  /**
   * Writes the arguments of the call.
   *
   * @param descriptors - what the process gets as its descriptors 0, 1 and 2.
   * @throws {Error} the system's.
   */
  prepare(
    options: Pick<SpawnOptions, 'command' | 'environment' | 'cwd'>,
    descriptors: readonly number[],
  ): void {
    this.#memory.write(options)
    this.#actions = this.#fileActions.get(descriptors, options.cwd)
  }

  /** Makes the call on a thread of libuv's pool, which blocks until the program is loaded. */
  run(callback: (error: Error | null, errno: number) => void): void {
    const { pid, path, argv, envp } = this.#memory.addresses
    const { posix_spawn } = this.#library
    posix_spawn.async(pid, path, this.#actions, this.#attributes, argv, envp, callback)
  }

  /** Makes the call on this thread. Returns the errno. */
  runSync(): number {
    const { pid, path, argv, envp } = this.#memory.addresses
    return this.#library.posix_spawn(pid, path, this.#actions, this.#attributes, argv, envp)
  }
}
