import type { CLibrary } from './c-library.js'

/** The capacity of a new pipe on Linux, in bytes (pipe(7)). */
export const PIPE_SIZE = 64 * 1024
/** The capacity of a pipe that carries large content. */
const LARGE_PIPE_SIZE = 512 * 1024

const F_SETPIPE_SZ = 1031
const F_GETPIPE_SZ = 1032

/**
 * Enlarges a pipe, so that its writer and its reader wait less for each other. The kernel refuses beyond the
 * user's limit (pipe-user-pages-soft), which does no harm. A script may have enlarged the pipe further itself.
 */
export function enlargePipe(library: CLibrary, descriptor: number): void {
  if (process.platform !== 'linux') return
  if (library.fcntl(descriptor, F_GETPIPE_SZ, 'int', 0) >= LARGE_PIPE_SIZE) return
  library.fcntl(descriptor, F_SETPIPE_SZ, 'int', LARGE_PIPE_SIZE)
}
