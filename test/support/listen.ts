import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** Listens until the test is over; returns the port. */
export async function listen(t: Test, app: RequestListener): Promise<number> {
  const server = createServer(app)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}
