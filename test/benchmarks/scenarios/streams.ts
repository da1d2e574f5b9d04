import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { NodeScenario } from '../scenario.js'

const STREAMS = 1_000

/** Connections that have had no answer yet; more than a server keeps waiting are not let in at all. */
const AT_ONCE = 256

/** Scripts that stay. */
export const streams: NodeScenario = {
  field: 'node',
  id: 'streams',
  title: `${STREAMS} event streams at once`,
  about:
    'Each is a C program that sends one event and waits. Time until the last has its event, in seconds; memory ' +
    'of the Node process for each stream, in KiB, after a garbage collection (the programs have their own).',
  columns: [
    { key: 'seconds', title: 'last event after', digits: 2 },
    { key: 'resident', title: 'RSS each', digits: 0 },
    { key: 'proportional', title: 'PSS each', digits: 0 },
  ],
  needs: {},
  megabytes: [0],
  setup: { options: { maxProcesses: STREAMS + 100 } },
  processes: 'fresh',
  isQuick: false,
  async measure(server) {
    const url = `http://127.0.0.1:${server.port}/cgi-bin/events-c.cgi`
    // What is loaded and compiled once is not what a stream takes.
    await closeAll(await open(url, 50))
    const before = await server.ask('memory')
    const start = performance.now()
    const responses = await open(url, STREAMS)
    const seconds = (performance.now() - start) / 1_000
    const after = await server.ask('memory')
    await closeAll(responses)
    const each = (bytes: number): number => bytes / 1_024 / STREAMS
    return {
      seconds,
      resident: each(after.resident - before.resident),
      proportional: each(after.proportional - before.proportional),
    }
  },
}

/** Opens streams, each until its first event is there. */
async function open(url: string, count: number): Promise<IncomingMessage[]> {
  const responses: IncomingMessage[] = []
  let left = count
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
      responses.push(response)
      await once(response, 'data')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return responses
}

async function closeAll(responses: readonly IncomingMessage[]): Promise<void> {
  const closed = responses.map((response) => once(response.socket, 'close'))
  for (const response of responses) response.destroy()
  await Promise.all(closed)
}
