import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { isOwnerRunning, nameOwner } from './folder-owner.js'

/** The names of the folders of sockets: their owner is between this and the characters of mkdtemp(3). */
const NAME = /^common-gateway-workers-([\d.]+)-[^-]+$/

/** What the name of a folder of this process begins with. */
export function folderPrefix(): string {
  return `common-gateway-workers-${nameOwner()}-`
}

/**
 * Removes the folders of sockets that processes have left that were ended by SIGKILL: those of this user in which
 * nothing listens. Never rejects.
 *
 * A process of another PID namespace with the same folder for temporary files is not seen here. Its pool makes a new folder
 * where it finds that its own was removed.
 */
export async function sweepSocketFolders(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  for (const name of names) {
    const owner = NAME.exec(name)?.[1]
    if (owner === undefined || isOwnerRunning(owner)) continue
    // Another process may be removing it.
    await sweep(path.join(parent, name)).catch(() => {})
  }
}

async function sweep(folder: string): Promise<void> {
  const status = await lstat(folder)
  if (!status.isDirectory() || status.uid !== process.getuid?.()) return
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
