import { Agent, get, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { NodeScenario } from '../scenario.js'
import { median, percentile } from '../statistics.js'

const REQUESTS = 50

/** How long one start of a process blocks the event loop. */
export const blocked: NodeScenario = {
  field: 'node',
  id: 'blocked',
  title: 'How long one script blocks the event loop',
  about:
    `${REQUESTS} requests, one after another. The loop of the server never waits and takes the time of each of ` +
    'its turns; the longest one while a request is there counts, in milliseconds. All that the server does for a ' +
    'request in one turn is in it, not just the start of the process: compare with the ordinary route. The first ' +
    'column is 50 starts of the program by what the server starts them with, without a request.',
  columns: [
    { key: 'start', title: 'start alone, median', digits: 2 },
    { key: 'median', title: 'script, median', digits: 2 },
    { key: 'p90', title: 'script, p90', digits: 2 },
    { key: 'ordinary', title: 'ordinary route, median', digits: 2 },
  ],
  needs: {},
  megabytes: [0, 500, 2_000],
  isQuick: false,
  processes: 'own',
  warmUp: { path: '/cgi-bin/tiny-c.cgi', requests: 1_000 },
  async measure(server) {
    const longest = async (path: string): Promise<readonly number[]> => {
      await server.ask('watch')
      await askAll(`http://127.0.0.1:${server.port}${path}`)
      return server.ask('stretches')
    }
    const script = await longest('/cgi-bin/small-c.cgi')
    const route = await longest('/ordinary')
    const starts = await server.ask('starts')
    return {
      start: median(starts),
      median: median(script),
      p90: percentile(script, 0.9),
      ordinary: median(route),
    }
  },
}

async function askAll(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let count = 0; count < REQUESTS; count += 1) {
      const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
    }
  } finally {
    agent.destroy()
  }
}
