import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type ListeningSocket,
  onProcessEnd,
  openListeningSocket,
} from '@common-gateway/core/transport'
import { folderPrefix, sweepSocketFolders } from './socket-sweep.js'

/** Of what the names in the folder need: `/64.socket.new`, and the six characters of mkdtemp(3). */
const NAME_LENGTH = 24
/** The most bytes of the path of a socket: the least of all systems (unix(7)). */
const PATH_SIZE = 103

/** A listening socket, and where it is. */
export interface OpenedSocket extends ListeningSocket {
  readonly path: string
}

/** The folder of the sockets of a pool, which only this user may enter. It exists while the pool is in use. */
export class SocketFolder {
  #path: string | undefined
  #forget: () => void = () => {}

  /** Opens a socket; it takes the place of an older one with this name. @throws {Error} the system's. */
  async open(name: string): Promise<OpenedSocket> {
    try {
      return await this.#open(name)
    } catch (error) {
      // Programs that clean up /tmp remove folders. libuv reports EACCES where there is no folder.
      if (this.#path === undefined || existsSync(this.#path)) throw error
      this.remove()
      return this.#open(name)
    }
  }

  /** Removes the folder. The next socket makes a new one. */
  remove(): void {
    this.#forget()
    if (this.#path !== undefined) rmSync(this.#path, { recursive: true, force: true })
    this.#path = undefined
  }

  async #open(name: string): Promise<OpenedSocket> {
    this.#path ??= this.#create()
    const file = path.join(this.#path, name)
    const { descriptor, close } = await openListeningSocket(file)
    return { descriptor, close, path: file }
  }

  #create(): string {
    const parent = parentFolder()
    const created = mkdtempSync(path.join(parent, folderPrefix()))
    this.#forget = onProcessEnd(() => rmSync(created, { recursive: true, force: true }))
    // Those that SIGKILL has left.
    void sweepSocketFolders(parent)
    return created
  }
}

/** The folder for temporary files, or /tmp where the path of a socket in it would be too long. */
function parentFolder(): string {
  const folder = tmpdir()
  const length = Buffer.byteLength(path.join(folder, folderPrefix())) + NAME_LENGTH
  return length > PATH_SIZE ? '/tmp' : folder
}
