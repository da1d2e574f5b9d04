import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { MAIN } from '../cli/command.js'
import { findFreePort, startProgram } from '../servers/program.js'
import type { MovingServer } from './moving-server.js'
import { MovingSite } from './moving-site.js'

/** Debian's name of it, since the package has it for Python 3 only. */
export const TWISTD = '/usr/bin/twistd3'

const script = (...lines: string[]): string => `#!/bin/sh\n${lines.join('\n')}\n`

const FILES = {
  'greet.cgi': script('echo "Content-Type: text/plain"', 'echo', 'echo "Hello from a script"'),
  'local.cgi': script('echo "Location: /index.html"', 'echo'),
  'moved.cgi': script(
    'echo "Status: 303 See Other"',
    'echo "Location: https://example.org/"',
    'echo',
  ),
  'gone.cgi': script('echo "Status: 404 Nothing Here"', 'echo "Content-Type: text/plain"', 'echo'),
  'tight.cgi': script('echo "Content-Type:text/plain"', 'echo', 'echo tight'),
  'nph-raw.cgi': script(
    'echo "HTTP/1.0 203 Own"',
    'echo "Content-Type: text/plain"',
    'echo',
    'echo raw',
  ),
  'fails.cgi': script('exit 1'),
  'form.cgi': script(
    'echo "Content-Type: text/plain"',
    'echo',
    'echo "$QUERY_STRING $REQUEST_METHOD"',
    'cat',
  ),
  'index.cgi': script('echo "Content-Type: text/plain"', 'echo', 'echo "The index"'),
  'tool.pl': script('echo "Content-Type: text/plain"', 'echo', 'echo "A tool"'),
}

const PLAIN = {
  'plain.cgi': FILES['greet.cgi'],
  'index.html': '<p>Welcome</p>\n',
  '.secret': 'secret',
  'file.unknown': 'unknown',
  'page.rpy': `from twisted.web.static import Data\nresource = Data(b'by a resource', 'text/plain')\n`,
  'page.epy': `request.write(b'by a page')\n`,
}

/** A site as `twistd web --path` has one: its folder `web`. */
export async function createTwistedSite(): Promise<MovingSite> {
  const site = await MovingSite.create()
  const scripts = path.join(site.folder, 'cgi-bin')
  const web = path.join(site.folder, 'web')
  await mkdir(path.join(web, 'further'), { recursive: true })
  for (const [name, text] of Object.entries(FILES)) {
    await writeFile(path.join(web, name), text, { mode: 0o755 })
  }
  for (const [name, text] of Object.entries(PLAIN)) await writeFile(path.join(web, name), text)
  for (const name of ['show', 'leave']) {
    const show = script(`exec ${scripts}/${name}.sh "$@"`)
    await writeFile(path.join(web, `${name}.cgi`), show, { mode: 0o755 })
    await writeFile(path.join(web, 'further', `${name}.cgi`), show, { mode: 0o755 })
  }
  await symlink(path.join(site.folder, 'htdocs/index.html'), path.join(web, 'link.html'))
  return site
}

/** Starts `twistd` with these arguments of its own in the folder above `web`. */
export function startTwisted(
  site: MovingSite,
  port: number,
  args: string[],
): Promise<MovingServer> {
  // Without a file for its pid: more than one runs in this folder.
  return start(site, port, TWISTD, ['--pidfile=', ...args])
}

/** Starts the command with these arguments in the same folder. */
export function startCommand(
  site: MovingSite,
  port: number,
  args: string[],
): Promise<MovingServer> {
  return start(site, port, process.execPath, [MAIN, ...args])
}

/** Starts the program that Twisted's line stands in, a few lines of Python. */
export function startTwistedProgram(
  site: MovingSite,
  port: number,
  line: string,
): Promise<MovingServer> {
  const program = `
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.twcgi import CGIDirectory
resource = Resource()
${line}
reactor.listenTCP(${port}, Site(resource), interface='127.0.0.1')
reactor.run()`
  return start(site, port, '/usr/bin/python3', ['-c', program])
}

async function start(
  site: MovingSite,
  port: number,
  program: string,
  args: string[],
): Promise<MovingServer> {
  const server = await startProgram(program, args, {
    address: { port, host: '127.0.0.1' },
    site,
    cwd: site.folder,
    env: { PATH: process.env['PATH'], SECRET: 'of the host' },
  })
  return { port, close: () => server.close() }
}

/** Two servers of one site. */
export async function startBoth(site: MovingSite): Promise<readonly [MovingServer, MovingServer]> {
  const ports = [await findFreePort(), await findFreePort()] as const
  const listen = `tcp:${ports[0]}:interface=127.0.0.1`
  return Promise.all([
    startTwisted(site, ports[0], ['-n', 'web', '--path', 'web', '--listen', listen]),
    startCommand(site, ports[1], ['web', '--scripts', '.cgi', '--port', String(ports[1])]),
  ])
}
