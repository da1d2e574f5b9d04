import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import path from 'node:path'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../core/temporary-folder.js'
import type { Listening } from './scripted-upstream.js'

/** An application that accepts connections and reads nothing until it is told to. */
export interface UnreadListener {
  /** As the option `address` has it. */
  readonly address: string
  readonly target: { readonly path: string } | { readonly host: string; readonly port: number }
  readonly sockets: readonly Socket[]
  /** The bytes that have been read, of all connections. */
  received(): Buffer
  read(): void
  /** Stops listening, and closes what is connected: the system resets a connection with bytes that are not read. */
  close(): void
}

/** Listens until the end of the test. */
export async function startUnreadListener(t: Test, on: 'tcp' | 'unix'): Promise<UnreadListener> {
  const listening: Listening =
    on === 'unix'
      ? { path: path.join(createTemporaryFolder(t), 'unread') }
      : { port: 0, host: '127.0.0.1' }
  const sockets: Socket[] = []
  const chunks: Buffer[] = []
  // Node.js reads before the callback otherwise.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket.on('error', () => {}))
  })
  server.listen(listening)
  await once(server, 'listening')
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.after(close)
  const common = {
    sockets,
    close,
    received: () => Buffer.concat(chunks),
    read() {
      for (const socket of sockets)
        socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
    },
  }
  if ('path' in listening) return { ...common, address: listening.path, target: listening }
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const { host } = listening
  return { ...common, address: `${host}:${port}`, target: { host, port } }
}
