import { once } from 'node:events'
import { rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { descriptorOf } from '../data/node-internals.js'

/** A listening Unix socket for a process that is about to be started. */
export interface ListeningSocket {
  /** For {@link SpawnOptions.stdin}. */
  readonly descriptor: number
  /** Closes it in this process. When the process that has it ends, a connection to it is refused. */
  readonly close: () => void
}

/** The most bytes of a path: `sun_path` with its NUL (unix(7)). */
const PATH_SIZE = process.platform === 'linux' ? 107 : 103

/**
 * Opens a listening Unix socket. It takes the place of an older one at the path.
 *
 * @throws {Error} the system's; ENAMETOOLONG.
 */
export async function openListeningSocket(file: string): Promise<ListeningSocket> {
  // libuv removes the name that it knows when the socket is closed.
  const name = `${file}.new`
  if (Buffer.byteLength(name) > PATH_SIZE) {
    const message = `the path of a socket has at most ${PATH_SIZE} bytes: ${file}`
    throw Object.assign(new Error(message), { code: 'ENAMETOOLONG' })
  }
  const server = createServer((socket) => socket.destroy())
  // Otherwise the primary process of a cluster listens, and keeps the socket.
  server.listen({ path: name, exclusive: true })
  server.unref()
  await once(server, 'listening')
  try {
    const descriptor = descriptorOf(server)
    if (descriptor === undefined) throw new Error('the socket has no descriptor')
    await rename(name, file)
    return { descriptor, close: () => void server.close() }
  } catch (error) {
    server.close()
    throw error
  }
}
