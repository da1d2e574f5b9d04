import type { Test } from 'tap'
import { needs } from '../apps/programs.js'
import { cases } from './cases.js'
import { exchange } from './exchange.js'
import type { RunningServer, Server } from '../servers/server.js'
import { createSite } from './site.js'
import type { Site } from '../servers/site.js'

/** Enough to use the time that scripts take to start, and little enough to leave others some. */
const AT_ONCE = 8

const runnable = needs('perl')

/** The cases through one of our adapters. */
export function conformanceSuite(t: Test, gateway: Server): void {
  void t.test(`conformance (${gateway.name})`, { jobs: AT_ONCE, ...runnable }, async (t) => {
    let site: Site
    let server: RunningServer
    t.before(async () => {
      site = await createSite()
      server = await gateway.start(site)
    })
    t.after(async () => {
      await server.close()
      await site.remove()
    })

    for (const each of cases) {
      const name = `${each.contract} ${each.id} ${each.title}`
      void t.test(name, { buffered: true }, async () => {
        each.expect(await exchange(each, { port: server.port, root: site.root }))
      })
    }
  })
}
