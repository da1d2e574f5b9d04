import { execFile, execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findFreePort, findProgram, startProgram } from './program.js'
import type { Server } from './server.js'

const SOURCE = fileURLToPath(new URL('../../servers/go/main.go', import.meta.url))

const run = promisify(execFile)

function find(): string | undefined {
  return findProgram('/usr/bin/go', '/usr/local/go/bin/go')
}

export const go: Server = {
  name: 'Go',
  get description() {
    const program = find()
    if (program === undefined) return 'Go'
    const version = execFileSync(program, ['version'], { encoding: 'utf8' })
    const name = /go1\S+/.exec(version)?.[0] ?? ''
    return `${name}, net/http/cgi, a \`cgi.Handler\` for each script (\`go/main.go\`)`
  },
  isOurs: false,
  missing: () => (find() === undefined ? 'golang-go' : undefined),
  async start(site) {
    const program = path.join(site.folder, 'go-server')
    // Nothing but the standard library, and so nothing from the network.
    const env = { ...process.env, GOFLAGS: '', GOPROXY: 'off', GO111MODULE: 'off' }
    // Once for each site: a benchmark starts it often.
    if (findProgram(program) === undefined) {
      await run(find() ?? 'go', ['build', '-o', program, SOURCE], { env, cwd: site.folder })
    }
    const port = await findFreePort()
    const address = { port, host: '127.0.0.1' }
    return {
      port,
      ...(await startProgram(program, [`127.0.0.1:${port}`, site.root], { address, site })),
    }
  },
}
