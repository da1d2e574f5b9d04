import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { needsRoot } from '../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { isRunning, processesOf, untilGone } from '../support/processes.js'

const OPTIONS = { ...needsRoot('python3'), timeout: 60_000 }

/** A process with a gateway of other rights; it prints the port, then the pid of each script. */
const HOST = `
import cgi from '@common-gateway/express'
import { warm } from '@common-gateway/warm'
import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
subscribe('common-gateway:run:start', ({ pid, isWarm }) => { if (isWarm) console.log(pid) })
const gateway = cgi({ root: process.argv[1], prefix: '/', user: 'nobody', spawner: warm({ after: 1 }) })
createServer((request, response) => gateway(request, response, () => response.end()))
  .listen(0, '127.0.0.1', function () { console.log(this.address().port) })
`

void t.test(
  'LIFE-6 with `user`, a warm script ends where SIGKILL ends its process',
  OPTIONS,
  async (t) => {
    const folder = createTemporaryFolder(t)
    const source = `#!/usr/bin/python3
import os, time
print('Content-Type: text/plain', end='\\n\\n', flush=True)
if os.environ['QUERY_STRING']: time.sleep(1000)
`
    writeProgram(folder, 'wait.cgi', source)
    await delay(2_100)
    const host = spawn(process.execPath, ['--input-type=module', '-e', HOST, folder], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => {
      host.kill('SIGKILL')
      // One that had just begun, of which its process did not know yet, goes on.
      for (const pid of processesOf(path.join(folder, 'wait.cgi'))) process.kill(pid, 'SIGKILL')
    })
    const lines = createInterface({ input: host.stdout })
    const pids: number[] = []
    const [port] = await once(lines, 'line')
    lines.on('line', (line) => pids.push(Number(line)))
    const url = `http://127.0.0.1:${String(port)}/wait.cgi`
    for (let count = 0; pids.length === 0 && count < 500; count += 1)
      await (await fetch(url)).text()
    const before = pids.length
    for (let count = 0; pids.length === before && count < 50; count += 1) {
      void fetch(`${url}?wait`)
        .then((response) => response.text())
        .catch(() => {})
      await delay(100)
    }
    const pid = pids.at(-1) ?? 0
    assert.ok(isRunning(pid))
    host.kill('SIGKILL')
    await untilGone(pid)
  },
)
