import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'

/** What the names of the folders of sockets begin with. */
export const FOLDER_PREFIX = 'common-gateway-workers-'

/** A younger folder may belong to a pool that is about to listen; in milliseconds. */
const LEAST_AGE = 60_000

/**
 * Removes the folders of sockets that processes have left that were ended by SIGKILL: those of this user in which
 * nothing listens. Never rejects.
 *
 * @param own - is left alone.
 */
export async function sweepSocketFolders(parent: string, own: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of names) {
    const folder = path.join(parent, name)
    if (!name.startsWith(FOLDER_PREFIX) || folder === own) continue
    // Another process may be removing it.
    await sweep(folder).catch(() => {})
  }
}

async function sweep(folder: string): Promise<void> {
  const status = await lstat(folder)
  const isOwn = status.isDirectory() && status.uid === process.getuid?.()
  if (!isOwn || Date.now() - status.mtimeMs < LEAST_AGE) return
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name)
    // connect(2) refuses a plain file as well.
    if ((await lstat(file)).isSocket() && (await isAbandoned(file))) await unlink(file)
  }
  // Fails where a socket is in use.
  await rmdir(folder)
}

/** Whether a socket is refused by the system, as nothing listens. An application ignores a connection without bytes. */
function isAbandoned(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file)
    socket.unref()
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error) => {
      resolve('code' in error && error.code === 'ECONNREFUSED')
    })
  })
}
