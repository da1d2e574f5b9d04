import { fastcgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { type PeerSetup, peerSuite } from './peer-suite.js'
import { APPLICATIONS, startPhpCgi, startPhpFpm } from './programs.js'

/** The scripts are looked up here, whatever runs them. */
const setupOf = (php: Parameters<typeof fastcgi>[0]): PeerSetup => ({
  options: { root: APPLICATIONS, interpreters: { '.php': fastcgi(php) } },
  path: '/cgi-bin/app.php',
})

void t.test('php-fpm', needs('php-fpm'), async (t) => {
  for (const listening of ['unix', 'tcp'] as const) {
    peerSuite(t, `php-fpm, ${listening}`, async (t) => {
      const { address } = await startPhpFpm(t, { listening })
      return setupOf({ address })
    })
  }
  peerSuite(t, 'php-fpm, kept connections', async (t) => {
    const { address } = await startPhpFpm(t)
    return setupOf({ address, keepAlive: true, maxConnections: 4 })
  })
})

void t.test('php-cgi', needs('php-cgi'), async (t) => {
  peerSuite(t, 'php-cgi -b', async (t) => {
    const { address } = await startPhpCgi(t)
    return setupOf({ address })
  })
  peerSuite(t, 'php-cgi, managed', async () => {
    const limits = ['-d', 'post_max_size=64M', '-d', 'upload_max_filesize=64M']
    return setupOf({ spawn: ['php-cgi', '-n', ...limits], processes: 2 })
  })
})
