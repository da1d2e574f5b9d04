import type { Adapter } from '../adapters.js'
import { limitsSuite } from './gateway/limits.js'
import { observationSuite } from './gateway/observation.js'
import { otherFilesSuite } from './gateway/other-files.js'
import { processSuite } from './gateway/process.js'
import { queueSuite } from './gateway/queue.js'
import { sendfileSuite } from './gateway/sendfile.js'
import { slowClientsSuite } from './gateway/slow-clients.js'
import { startSuite } from './gateway/start.js'
import { timeOutsSuite } from './gateway/time-outs.js'

/**
 * The part that lies behind the gateway's `handle()` and is the same with every adapter: `npm test` runs it
 * with node:http, `npm run test:all` with each.
 */
export function gatewayContract(adapter: Adapter): void {
  otherFilesSuite(adapter)
  processSuite(adapter)
  timeOutsSuite(adapter)
  queueSuite(adapter)
  limitsSuite(adapter)
  startSuite(adapter)
  slowClientsSuite(adapter)
  sendfileSuite(adapter)
  observationSuite(adapter)
}
