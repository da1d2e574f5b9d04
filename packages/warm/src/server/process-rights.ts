import { closeSync, openSync, readSync } from 'node:fs'

/** User, groups, capabilities and file mode mask, as proc(5) has them. */
const RIGHTS = /^(?:Umask|Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp):.*$/gm

/**
 * The rights that a process would inherit which is started now. `process.umask()` is not used: it sets the mask to 0 for a
 * moment, in all threads.
 */
export class ProcessRights {
  readonly #text = Buffer.alloc(4096)
  #descriptor: number | undefined
  #last: string | undefined

  /**
   * Whether they have changed since the last call: the application has called `process.setuid()`, or the like. Also where
   * they cannot be read, such as without `/proc` after chroot(2).
   */
  haveChanged(): boolean {
    const rights = this.#read()
    const haveChanged = rights === undefined || (this.#last !== undefined && this.#last !== rights)
    this.#last = rights
    return haveChanged
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #read(): string | undefined {
    try {
      // It stays open, as it is read for each request.
      this.#descriptor ??= openSync('/proc/self/status', 'r')
      const size = readSync(this.#descriptor, this.#text, 0, this.#text.length, 0)
      return this.#text.toString('latin1', 0, size).match(RIGHTS)?.join('\n')
    } catch {
      return undefined
    }
  }
}
