import { readdirSync, readlinkSync } from 'node:fs'

/** Behind standard input, which is the socket that listens, standard output and standard error. */
const FIRST_OWN_DESCRIPTOR = 3

/**
 * Whether a process has a socket of its own: it has accepted a connection, or connected to a database. It has none while
 * its program is loaded. `true` where the system does not show it.
 */
export function hasOwnSocket(pid: number): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some(
      (name) =>
        Number(name) >= FIRST_OWN_DESCRIPTOR &&
        readlinkSync(`${folder}/${name}`).startsWith('socket:'),
    )
  } catch {
    return true
  }
}
