import type { CLibrary } from './c-library.js'

/** What a pipe of Linux holds without being asked, in bytes. */
export const PIPE_SIZE = 64 * 1024
/** What one is made to hold that much goes through. */
const LARGE_PIPE_SIZE = 512 * 1024

const F_SETPIPE_SZ = 1031
const F_GETPIPE_SZ = 1032

/**
 * Makes a pipe hold more, so that those at its ends wait less for each other. Beyond what its user may have
 * in pipes, the system leaves it as it is. A script may have made it larger still.
 */
export function enlargePipe(library: CLibrary, descriptor: number): void {
  if (process.platform !== 'linux') return
  if (library.fcntl(descriptor, F_GETPIPE_SZ, 'int', 0) >= LARGE_PIPE_SIZE) return
  library.fcntl(descriptor, F_SETPIPE_SZ, 'int', LARGE_PIPE_SIZE)
}
