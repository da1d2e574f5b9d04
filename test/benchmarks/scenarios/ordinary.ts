import { startLatencyClient } from '../latency.js'
import type { NodeScenario } from '../scenario.js'
import { median, percentile } from '../statistics.js'
import { load } from '../wrk.js'

/** What the rest of the application notices of its scripts. */
export const ordinary: NodeScenario = {
  field: 'node',
  id: 'ordinary',
  title: 'An ordinary route of the application, while scripts run',
  about:
    '500 MB of other data. A client asks the route for a short text every 5 ms, one request after another, ' +
    'while wrk asks for the C program on 8 connections. Latency of the route in milliseconds; idle is without wrk.',
  columns: [
    { key: 'median', title: 'median', digits: 2 },
    { key: 'p99', title: 'p99', digits: 2 },
    { key: 'idleMedian', title: 'median, idle', digits: 2 },
    { key: 'idleP99', title: 'p99, idle', digits: 2 },
    { key: 'requestsPerSecond', title: 'scripts/s meanwhile', digits: 0 },
  ],
  needs: {},
  megabytes: [500],
  isQuick: true,
  processes: 'own',
  warmUp: { path: '/cgi-bin/tiny-c.cgi', requests: 10_000 },
  async measure({ port }, { seconds }) {
    const origin = `http://127.0.0.1:${port}`
    const client = await startLatencyClient(`${origin}/ordinary`)
    try {
      const idle = await client.measure(500)
      // A server that has waited for others is slow at first.
      await load(`${origin}/cgi-bin/small-c.cgi`, { connections: 8, seconds: 1 })
      // wrk goes on for longer than it is measured.
      const [{ requestsPerSecond }, busy] = await Promise.all([
        load(`${origin}/cgi-bin/small-c.cgi`, { connections: 8, seconds: seconds + 1 }),
        client.measure(seconds * 1_000),
      ])
      return {
        median: median(busy),
        p99: percentile(busy, 0.99),
        idleMedian: median(idle),
        idleP99: percentile(idle, 0.99),
        requestsPerSecond,
      }
    } finally {
      await client.close()
    }
  },
}
