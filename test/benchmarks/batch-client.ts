import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Batch } from './batch.js'

/** Started by fork(). Sends when it is ready, and then, for each batch it gets, the seconds that it took. */
const WARM_UP = 3_000

async function ask(url: string, agent: Agent): Promise<void> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
  response.resume()
  await once(response, 'end')
}

async function run({ url, requests, connections }: Batch): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let left = requests
  const work = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1
      await ask(url, agent)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: connections }, work))
  const taken = (performance.now() - start) / 1_000
  agent.destroy()
  return taken
}

const server = createServer((_request, response) => response.end('hello'))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
await run({ url: `http://127.0.0.1:${port}/`, requests: WARM_UP, connections: 16 })
server.close()
process.on('message', (batch: Batch) => void run(batch).then((taken) => process.send?.(taken)))
process.on('disconnect', () => process.exit())
process.send?.('ready')
