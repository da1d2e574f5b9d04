import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { nodeHttp } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { until } from '../../support/processes.js'
import { startPhpFpm } from './programs.js'

void t.test(
  'a child of php-fpm that is killed, as by the kernel without memory',
  needs('php-fpm'),
  async (t) => {
    for (const listening of ['unix', 'tcp'] as const) {
      void t.test(
        `UP-5 its POST is 502 and not repeated, ${listening}`,
        { timeout: 60_000 },
        async (t) => {
          const root = createTemporaryFolder(t)
          const pids = path.join(root, 'pids')
          writeFileSync(pids, '')
          // The application is another user's.
          chmodSync(pids, 0o666)
          const note = `file_put_contents('${pids}', getmypid() . "\\n", FILE_APPEND);`
          writeFileSync(path.join(root, 'hang.php'), `<?php ${note} sleep(30);`)
          writeFileSync(path.join(root, 'good.php'), '<?php echo file_get_contents("php://input");')
          const { address } = await startPhpFpm(t, { listening, children: 2 })
          const php = fastcgi({ address, maxConnections: 2 })
          const gateway = await nodeHttp.start({ options: { root, interpreters: { '.php': php } } })
          t.after(() => gateway.close())
          const post = { method: 'POST', body: 'content' }
          const answered = send(gateway, '/cgi-bin/hang.php', post)
          await until(() => readFileSync(pids, 'utf8').endsWith('\n'), 'it has begun')
          process.kill(Number(readFileSync(pids, 'utf8')), 'SIGKILL')
          assert.equal((await answered).status, 502)
          assert.match(readFileSync(pids, 'utf8'), /^\d+\n$/)
          for (let count = 0; count < 4; count += 1) {
            assert.equal((await send(gateway, '/cgi-bin/good.php', post)).text, 'content')
          }
          const [upstream] = gateway.stats().upstreams ?? []
          assert.deepEqual([upstream?.state, upstream?.failures], ['up', 1])
        },
      )
    }
  },
)
