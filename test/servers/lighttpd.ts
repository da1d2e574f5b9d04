import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findFreePort, findProgram, startProgram } from './program.js'
import type { RunningServer, Server } from './server.js'
import type { Site } from './site.js'

export function findLighttpd(): string | undefined {
  return findProgram('/usr/sbin/lighttpd')
}

export const lighttpd: Server = {
  name: 'lighttpd',
  get description() {
    const program = findLighttpd()
    if (program === undefined) return 'lighttpd'
    const version = execFileSync(program, ['-v'], { encoding: 'utf8' })
    const name = /^\S+/.exec(version)?.[0] ?? 'lighttpd'
    return `${name}, mod_cgi, with \`cgi.local-redir\` and both \`stream-…-body\` on, which are off by default`
  },
  isOurs: false,
  missing: () => (findLighttpd() === undefined ? 'lighttpd' : undefined),
  start: (site) =>
    startLighttpd(
      site,
      'mod_cgi',
      `$HTTP["url"] =~ "^/cgi-bin/" {
  cgi.assign = ( "" => "" )
  cgi.local-redir = "enable"
}`,
    ),
}

/** Starts it with one module, and what the module needs in the configuration. */
export async function startLighttpd(
  site: Site,
  module: string,
  lines: string,
): Promise<RunningServer> {
  const port = await findFreePort()
  const file = path.join(site.folder, `lighttpd-${port}.conf`)
  await writeFile(file, `${configuration(site, port, module)}${lines}\n`)
  const address = { port, host: '127.0.0.1' }
  return {
    port,
    ...(await startProgram(findLighttpd() ?? 'lighttpd', ['-D', '-f', file], { address, site })),
  }
}

function configuration({ folder, root }: Site, port: number, module: string): string {
  return `
server.modules = ( "${module}" )
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${root}"
server.errorlog = "${folder}/lighttpd-${port}-error.log"
server.pid-file = "${folder}/lighttpd-${port}.pid"
server.upload-dirs = ( "${folder}" )
server.stream-request-body = 1
server.stream-response-body = 1
`
}
