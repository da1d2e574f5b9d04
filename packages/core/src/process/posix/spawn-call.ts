import type { SpawnOptions } from '../../transport/spawner.js'
import { type CLibrary, errorOf } from './c-library.js'
import { SpawnMemory } from './spawn-memory.js'

/** A call of posix_spawn(3). It is reused: it starts one process after another. */
export class SpawnCall {
  readonly #library: CLibrary
  readonly #attributes: Buffer
  readonly #memory: SpawnMemory

  /** @param attributes - the posix_spawnattr_t, which all calls may share. */
  constructor(library: CLibrary, attributes: Buffer) {
    this.#library = library
    this.#attributes = attributes
    this.#memory = new SpawnMemory(library.addressOf, library.layout.fileActionsSize)
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
    const library = this.#library
    const { actions, folder } = this.#memory.addresses
    check(library.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init')
    // None of them is below 3, where another dup2 would overwrite it: Node.js opens 0, 1 and 2 if they are closed.
    for (const [index, descriptor] of descriptors.entries()) {
      const result = library.posix_spawn_file_actions_adddup2(actions, descriptor, index)
      check(result, 'posix_spawn_file_actions_adddup2')
    }
    check(library.posix_spawn_file_actions_addchdir_np(actions, folder), 'chdir')
    // The gateway's own descriptors are close-on-exec; those of the application may not be.
    library.posix_spawn_file_actions_addclosefrom_np?.(actions, descriptors.length)
  }

  /** Makes the call on a thread of libuv's pool, which blocks until the program is loaded. */
  run(callback: (error: Error | null, errno: number) => void): void {
    const { posix_spawn, posix_spawn_file_actions_destroy } = this.#library
    const { pid, path, actions, argv, envp } = this.#memory.addresses
    posix_spawn.async(pid, path, actions, this.#attributes, argv, envp, (error, errno) => {
      posix_spawn_file_actions_destroy(actions)
      callback(error, errno)
    })
  }

  /** Makes the call on this thread. Returns the errno. */
  runSync(): number {
    const { posix_spawn, posix_spawn_file_actions_destroy } = this.#library
    const { pid, path, actions, argv, envp } = this.#memory.addresses
    const errno = posix_spawn(pid, path, actions, this.#attributes, argv, envp)
    posix_spawn_file_actions_destroy(actions)
    return errno
  }
}

function check(errno: number, call: string): void {
  if (errno !== 0) throw errorOf(errno, call)
}
