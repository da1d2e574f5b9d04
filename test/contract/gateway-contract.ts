import type { Test } from 'tap'
import type { Adapter } from '../support/adapters.js'
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
export function gatewayContract(t: Test, adapter: Adapter): void {
  otherFilesSuite(t, adapter)
  processSuite(t, adapter)
  timeOutsSuite(t, adapter)
  queueSuite(t, adapter)
  limitsSuite(t, adapter)
  startSuite(t, adapter)
  slowClientsSuite(t, adapter)
  sendfileSuite(t, adapter)
  observationSuite(t, adapter)
}
