import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

/** A host that logs to its own standard error, as it does without the option `logger`. */
const HOST = `
import cgi from ${JSON.stringify(import.meta.resolve('@common-gateway/express'))}
import { createServer } from 'node:http'
const gateway = cgi({ root: ${JSON.stringify(CGI_BIN)} })
const server = createServer((request, response) => {
  gateway(request, response, (error) => response.writeHead(error?.statusCode ?? 404).end())
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

void t.test('LOG-1 a host goes on when the reader of its standard error has gone', async (t) => {
  const host = spawn(process.execPath, ['--input-type=module', '-e', HOST], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => host.kill('SIGKILL'))
  const ended = once(host, 'exit')
  host.stderr.destroy()
  const [port] = await once(createInterface(host.stdout), 'line')
  for (let round = 0; round < 5; round += 1) {
    assert.equal((await send(Number(port), '/cgi-bin/errors.cgi')).status, 200)
    assert.equal((await send(Number(port), saying('no colon\n\n'))).status, 502)
  }
  host.kill('SIGTERM')
  assert.deepEqual(await ended, [null, 'SIGTERM'])
})
