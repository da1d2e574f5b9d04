import { toByteString } from '../../data/byte-string.js'
import { type CLibrary, errorOf } from './c-library.js'

/** The most that are kept. Few are in use: folders repeat, and so do descriptors, as pipe2(2) gives the lowest free ones. */
const MOST_KEPT = 64

/**
 * The file actions of posix_spawn(3): a posix_spawn_file_actions_t for each set of descriptors and folder. They
 * are kept, since to make one takes 7 system calls: glibc asks for the limit of descriptors for each one that it is
 * given (`__spawn_valid_fd()`).
 */
export class FileActions {
  readonly #library: CLibrary
  readonly #kept = new Map<string, Buffer>()

  constructor(library: CLibrary) {
    this.#library = library
  }

  /**
   * Returns the file actions of a start. They are valid until the next call.
   *
   * @param descriptors - what the process gets as its descriptors 0, 1 and 2.
   * @throws {Error} the system's.
   */
  get(descriptors: readonly number[], cwd: string): Buffer {
    const key = `${descriptors.join()} ${cwd}`
    const known = this.#kept.get(key)
    if (known !== undefined) return known
    if (this.#kept.size >= MOST_KEPT) this.#destroyAll()
    const actions = this.#create(descriptors, cwd)
    this.#kept.set(key, actions)
    return actions
  }

  #create(descriptors: readonly number[], cwd: string): Buffer {
    const library = this.#library
    const actions = Buffer.alloc(library.layout.fileActionsSize)
    check(library.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init')
    try {
      // None of them is below 3, where another dup2 would overwrite it: Node.js opens 0, 1 and 2 if they are closed.
      for (const [index, descriptor] of descriptors.entries()) {
        const result = library.posix_spawn_file_actions_adddup2(actions, descriptor, index)
        check(result, 'posix_spawn_file_actions_adddup2')
      }
      // The C library copies the path.
      const folder = Buffer.from(`${toByteString(cwd)}\0`, 'latin1')
      check(library.posix_spawn_file_actions_addchdir_np(actions, folder), 'chdir')
      // The gateway's own descriptors are close-on-exec; those of the application may not be.
      library.posix_spawn_file_actions_addclosefrom_np?.(actions, descriptors.length)
      return actions
    } catch (error) {
      library.posix_spawn_file_actions_destroy(actions)
      throw error
    }
  }

  #destroyAll(): void {
    for (const actions of this.#kept.values()) {
      this.#library.posix_spawn_file_actions_destroy(actions)
    }
    this.#kept.clear()
  }
}

function check(errno: number, call: string): void {
  if (errno !== 0) throw errorOf(errno, call)
}
