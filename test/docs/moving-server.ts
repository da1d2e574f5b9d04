import { chmod } from 'node:fs/promises'
import path from 'node:path'
import { findFreePort, type RunningProgram, startProgram } from '../servers/program.js'
import type { MovingSite } from './moving-site.js'
import type { Page } from './page.js'

/** One side of a move. */
export interface MovingServer extends Pick<RunningProgram, 'close'> {
  readonly port: number
}

/** Starts a server of a guide's in the site, by the file that the guide shows. */
export type Start = (page: Page, site: MovingSite) => Promise<MovingServer>

const { PATH = '' } = process.env

/** That of every server. */
const ENVIRONMENT = { PATH, NODE_ENV: 'production', SECRET: 'of the host' }

const isSuperuser = process.getuid?.() === 0

/** Apache, with what its packages' main file has around a site. */
export const startApache: Start = async (page, site) => {
  const port = await findFreePort()
  const modules = ['mpm_event', 'authz_core', 'alias', 'mime', 'dir', 'env', 'cgid']
  const conf = `
ServerRoot ${site.folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${site.folder}/apache.pid
ErrorLog ${site.folder}/apache-error.log
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
ScriptSock ${site.folder}/cgid.sock
TypesConfig /dev/null
AddType text/html .html
${isSuperuser ? 'User www-data\nGroup www-data' : ''}
${page.file('apache.conf')}`
  const file = await site.put('apache.conf', conf, port)
  return startServer(site, port, '/usr/sbin/apache2', ['-f', file, '-DFOREGROUND'])
}

/** lighttpd, with what its packages' main file has around a site. */
export const startLighttpd: Start = async (page, site) => {
  const port = await findFreePort()
  const conf = `
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${site.folder}/lighttpd-error.log"
server.pid-file = "${site.folder}/lighttpd.pid"
server.upload-dirs = ( "${site.folder}" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html" )
${page.file('lighttpd.conf')}`
  const file = await site.put('lighttpd.conf', conf, port)
  return startServer(site, port, '/usr/sbin/lighttpd', ['-D', '-f', file])
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** nginx, with what its packages' main file has around a site; what is beside the port of its own is localized already. */
export async function startNginxServer(site: MovingSite, server: string): Promise<MovingServer> {
  const port = await findFreePort()
  const conf = `
daemon off;
pid ${site.folder}/nginx.pid;
${isSuperuser ? 'user www-data;' : ''}
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
${TEMPORARY.map((name) => `  ${name}_temp_path ${site.folder}/nginx-${name};`).join('\n')}
  ${server.replace('listen 80;', `listen 127.0.0.1:${port};`)}
}`
  const file = await site.put('nginx.conf', conf, port)
  const errors = path.join(site.folder, 'nginx-error.log')
  return startServer(site, port, '/usr/sbin/nginx', ['-c', file, '-p', site.folder, '-e', errors])
}

/** nginx, and fcgiwrap by the guide's command. */
export const startNginx: Start = async (page, site) => {
  const socket = path.join(site.folder, 'fcgiwrap.sock')
  const localize = (text: string): string => text.replace('/run/fcgiwrap.socket', socket)
  const [, command = ''] = /`fcgiwrap (.*?)`/.exec(page.text) ?? []
  const wrapper = await startProgram('/usr/sbin/fcgiwrap', localize(command).split(' '), {
    address: { path: socket },
    site,
    env: ENVIRONMENT,
  })
  try {
    // nginx may run as another user.
    await chmod(socket, 0o777)
    const server = await startNginxServer(site, localize(page.file('nginx.conf')))
    return {
      port: server.port,
      async close() {
        await server.close()
        await wrapper.close()
      },
    }
  } catch (error) {
    await wrapper.close()
    throw error
  }
}

/**
 * A Node program of a guide, for another script than `show.sh` if need be. `packages` is a folder with
 * packages that the project has not.
 */
export function startNode(name: string, packages = '', script = 'show.sh'): Start {
  return async (page, site) => {
    const port = await findFreePort()
    const text = page.file(name).replaceAll('show.sh', script)
    const file = await site.put(`${script}-${name}`, text, port)
    return startServer(site, port, process.execPath, [file], { NODE_PATH: packages })
  }
}

/** Starts a server that the site's files configure for a port. */
export async function startServer(
  site: MovingSite,
  port: number,
  program: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<MovingServer> {
  const running = await startProgram(program, args, {
    address: { port, host: '127.0.0.1' },
    site,
    cwd: site.folder,
    env: { ...ENVIRONMENT, ...variables },
  })
  return { port, ...running }
}
