import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { takeProcessorTime } from '../processor-time.js'
import type { ServerScenario } from '../scenario.js'

const EVENTS = 1_500

/** Where events come in fewer pieces than that, the server does not pass them on one by one. */
const FEWEST_PIECES = EVENTS / 2

/** What passing on a little at a time costs. */
export const events: ServerScenario = {
  field: 'all',
  id: 'events',
  title: 'One event of a stream',
  about:
    `A C program sends ${EVENTS} events, one each millisecond, to one client. Processor time from the first event to ` +
    'the last, for each. No figure: the server gathers them.',
  columns: [
    { key: 'processorTime', title: 'processor time of an event, µs', digits: 0 },
    { key: 'mainThread', title: 'of its main thread, µs', digits: 0 },
  ],
  needs: {},
  isQuick: false,
  processes: 'shared',
  warmUp: { path: '/cgi-bin/ticks-c.cgi?100', requests: 50 },
  async measure(server) {
    const url = `http://127.0.0.1:${server.port}/cgi-bin/ticks-c.cgi?${EVENTS}`
    const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
    let pieces = 0
    const { all, main } = await takeProcessorTime(server, async () => {
      response.on('data', () => {
        pieces += 1
      })
      await once(response, 'end')
    })
    if (pieces < FEWEST_PIECES) return {}
    return { processorTime: all / EVENTS, mainThread: main / EVENTS }
  },
}
