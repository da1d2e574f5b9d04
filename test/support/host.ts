import type { CgiOptions } from '@common-gateway/core'
import { adapters, fastify5Http2 } from './adapters.js'
import type { Asked } from './forked-process.js'
import type { HostReport } from './host-process.js'

/**
 * A host in a process of its own, so that what is measured is the host and not its client. Started by
 * fork() with the name of an adapter and, in JSON, the gateway's options; sends its port, and a report
 * whenever it is asked.
 */
const [, , name, options = '{}'] = process.argv
const adapter = [...adapters, fastify5Http2].find((each) => each.name === name)
if (adapter === undefined) throw new Error(`no adapter is called ${name}`)

const incidents: string[] = []
for (const event of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
  process.on(event, (reason: unknown) => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
    incidents.push(`${event}: ${text}`)
  })
}
// The functions among the options do not survive JSON; none is used here.
const gateway = await adapter.start({ options: JSON.parse(options) as CgiOptions<never> })

process.on('message', ({ id, question: { collect } }: Asked<{ collect: boolean }>) => {
  if (collect) {
    // What has been logged is kept for tests that look at it, and would count as growth.
    gateway.forgetLog()
    globalThis.gc?.()
  }
  const { running, queued } = gateway.stats()
  const reply: HostReport = {
    residentBytes: process.memoryUsage.rss(),
    incidents,
    running,
    queued,
  }
  process.send?.({ id, reply })
})
process.on('disconnect', () => void gateway.close())
process.send?.({ port: gateway.port })
