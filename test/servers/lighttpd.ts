import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findFreePort, findProgram, startProgram } from './program.js'
import type { Server } from './server.js'

function find(): string | undefined {
  return findProgram('/usr/sbin/lighttpd')
}

export const lighttpd: Server = {
  name: 'lighttpd',
  get description() {
    const program = find()
    if (program === undefined) return 'lighttpd'
    const version = execFileSync(program, ['-v'], { encoding: 'utf8' })
    const name = /^\S+/.exec(version)?.[0] ?? 'lighttpd'
    return `${name}, mod_cgi, with \`cgi.local-redir\` and both \`stream-…-body\` on, which are off by default`
  },
  isOurs: false,
  missing: () => (find() === undefined ? 'lighttpd' : undefined),
  async start(site) {
    const port = await findFreePort()
    const file = path.join(site.folder, 'lighttpd.conf')
    await writeFile(file, configuration(site.folder, site.root, port))
    const address = { port, host: '127.0.0.1' }
    return {
      port,
      ...(await startProgram(find() ?? 'lighttpd', ['-D', '-f', file], { address, site })),
    }
  },
}

function configuration(folder: string, root: string, port: number): string {
  return `
server.modules = ( "mod_cgi" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${root}"
server.errorlog = "${folder}/lighttpd-error.log"
server.pid-file = "${folder}/lighttpd.pid"
server.upload-dirs = ( "${folder}" )
server.stream-request-body = 1
server.stream-response-body = 1
$HTTP["url"] =~ "^/cgi-bin/" {
  cgi.assign = ( "" => "" )
  cgi.local-redir = "enable"
}
`
}
