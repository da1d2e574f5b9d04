import { fastcgi } from '@common-gateway/fastcgi'
import { nodeHttp } from '../../support/adapters.js'
import type { Asked } from '../../support/forked-process.js'

/** What the process says of itself. Memory is in bytes, after a garbage collection. */
export interface HostState {
  readonly heap: number
  readonly resident: number
  readonly running: number
}

/** The process whose memory is measured: a gateway with these options of `fastcgi()`. */
const [, , options = '{}'] = process.argv

// The test has written them.
const script = fastcgi(JSON.parse(options) as Parameters<typeof fastcgi>[0])
const gateway = await nodeHttp.start({ options: { script, errorPage: false } })

process.on('message', ({ id }: Asked<'state'>) => {
  // What has been logged is kept for tests that look at it.
  gateway.forgetLog()
  globalThis.gc?.()
  const { heapUsed: heap, rss: resident } = process.memoryUsage()
  const reply: HostState = { heap, resident, running: gateway.stats().running }
  process.send?.({ id, reply })
})
process.on('disconnect', () => void gateway.close())
process.send?.({ port: gateway.port })
