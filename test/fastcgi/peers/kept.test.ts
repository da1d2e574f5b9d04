import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import t, { type Test } from 'tap'
import { needs } from '../../apps/programs.js'
import { fastify5 } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import {
  APPLICATIONS,
  type Peer,
  startGo,
  startPerl,
  startPhpCgi,
  startPhpFpm,
} from './programs.js'

const NO_HANG = { timeout: 60_000 }
const REQUESTS = 20

/** Applications that return the id of a request. */
const PEERS: readonly (readonly [
  name: string,
  skip: ReturnType<typeof needs>,
  start: (t: Test) => Promise<Peer>,
])[] = [
  ['php-fpm', needs('php-fpm'), (t) => startPhpFpm(t, { children: 1 })],
  ['php-cgi', needs('php-cgi'), startPhpCgi],
  ['Perl’s FCGI', needs('spawn-fcgi', 'FCGI.pm'), startPerl],
  ['net/http/fcgi of Go', needs('Go'), startGo],
]

for (const [name, skip, start] of PEERS) {
  const title = `UP-2 one connection to ${name} carries request after request`
  void t.test(title, { ...skip, ...NO_HANG }, async (t) => {
    const { address } = await start(t)
    const server = fastcgi({ address, keepAlive: 10_000, maxConnections: 1 })
    const isPhp = name.startsWith('php')
    const gateway = await fastify5.start({
      options: isPhp
        ? { root: APPLICATIONS, interpreters: { '.php': server } }
        : { script: server },
    })
    t.after(() => gateway.close())
    const path = isPhp ? '/cgi-bin/app.php' : '/cgi-bin'
    for (let count = 0; count < REQUESTS; count += 1) {
      const { text } = await send(gateway, `${path}/?${count}`)
      assert.match(text, new RegExp(`^QUERY_STRING=${count}$`, 'm'))
    }
    const [upstream] = gateway.stats().upstreams ?? []
    assert.ok(upstream !== undefined)
    const { requests, failures, retries, idle } = upstream
    assert.deepEqual(
      { requests, failures, retries, idle },
      { requests: REQUESTS, failures: 0, retries: 0, idle: 1 },
    )
  })
}
