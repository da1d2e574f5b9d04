import { adapters } from './adapters.js'
import { CGI_BIN } from './fixtures.js'

/**
 * A host in a process of its own, so that what is measured is the host and not its client. Started by
 * fork() with the name of an adapter; sends its port, and its resident memory whenever it is asked.
 */
const adapter = adapters.find(({ name }) => name === process.argv[2])
if (adapter === undefined) throw new Error(`no adapter is called ${process.argv[2]}`)
const gateway = await adapter.start({ options: { root: CGI_BIN } })
process.on('message', () => {
  globalThis.gc?.()
  process.send?.({ residentBytes: process.memoryUsage.rss() })
})
process.on('disconnect', () => void gateway.close())
process.send?.({ port: gateway.port })
