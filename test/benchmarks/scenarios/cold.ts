import { startBatchClient } from '../batch.js'
import { takeProcessorTime } from '../processor-time.js'
import type { ServerScenario } from '../scenario.js'
import { PROCESSOR_TIME, REQUESTS } from '../server-load.js'

const COUNT = 1_000
const CONNECTIONS = 16

/** A site that has few visitors, or has just been started. */
export const cold: ServerScenario = {
  field: 'all',
  id: 'cold',
  title: `The first ${COUNT} requests of a process`,
  about:
    `The C program, ${CONNECTIONS} connections, ${COUNT} requests in each round. The client is a Node process, which is slower ` +
    'than wrk, and has been warmed on another server.',
  columns: [REQUESTS, PROCESSOR_TIME],
  needs: {},
  isQuick: true,
  processes: 'fresh',
  async measure(server) {
    const client = await startBatchClient()
    try {
      const batch = {
        url: `http://127.0.0.1:${server.port}/cgi-bin/small-c.cgi`,
        requests: COUNT,
        connections: CONNECTIONS,
      }
      const { result, all } = await takeProcessorTime(server, () => client.run(batch))
      return { requestsPerSecond: COUNT / result, processorTime: all / COUNT }
    } finally {
      await client.close()
    }
  },
}
