import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Started by fork() with a URL in JSON. Says when it is ready, and then, for each number of milliseconds it is
 * sent, how long each of its requests took in that time.
 */
const INTERVAL = 5

const url = JSON.parse(process.argv[2] ?? '') as string
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function ask(): Promise<void> {
  const request = get(url, { agent })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
  response.resume()
  await once(response, 'end')
}

async function measure(milliseconds: number): Promise<void> {
  const latencies: number[] = []
  const end = performance.now() + milliseconds
  for (let start = performance.now(); start < end; start = performance.now()) {
    await ask()
    const taken = performance.now() - start
    latencies.push(taken)
    if (taken < INTERVAL) await delay(INTERVAL - taken)
  }
  process.send?.(latencies)
}

// The connection, and code that is still to be compiled, are not what is measured.
for (let warm = 0; warm < 50; warm += 1) await ask()
process.on('message', (milliseconds: number) => void measure(milliseconds))
process.on('disconnect', () => process.exit())
process.send?.('ready')
