import { symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findPhpFpm } from '../apps/programs.js'
import { findFreePort, type RunningProgram, startProgram } from '../servers/program.js'
import type { MovingSite } from './moving-site.js'
import { type Start, startNginxServer, startServer } from './moving-server.js'

const isSuperuser = process.getuid?.() === 0
const { PATH = '' } = process.env

/** The folder of php-fpm's sockets on Debian; in a test, it is elsewhere. */
const SOCKETS = '/run/php/'

/** Puts the site's folder where a guide has that of the sockets. */
function localizeSockets(text: string, site: Pick<MovingSite, 'folder'>): string {
  return text.replaceAll(SOCKETS, `${site.folder}/`)
}

/** Starts php-fpm with the pools of a text, whose sockets are put into the site. */
export async function startPhpFpm(
  pools: string,
  site: Pick<MovingSite, 'folder'>,
): Promise<RunningProgram> {
  const rights = /^(?:user|group|listen\.owner|listen\.group) = .*\n/gm
  const own = localizeSockets(isSuperuser ? pools : pools.replace(rights, ''), site)
  const file = path.join(site.folder, 'php-fpm.conf')
  const log = path.join(site.folder, 'php-fpm.log')
  await writeFile(file, `[global]\ndaemonize = no\nerror_log = ${log}\n${own}`)
  const [, socket = ''] = /^listen = (\/.*)$/m.exec(own) ?? []
  return startProgram(
    findPhpFpm() ?? 'php-fpm',
    ['--nodaemonize', '--allow-to-run-as-root', '--fpm-config', file],
    {
      address: { path: socket },
      site,
      cwd: site.folder,
      env: { PATH },
    },
  )
}

/** nginx; php-fpm runs already. */
export const startNginxForPhp: Start = async (page, site) => {
  for (const name of ['snippets', 'fastcgi.conf']) {
    await symlink(`/etc/nginx/${name}`, path.join(site.folder, name))
  }
  return startNginxServer(site, localizeSockets(page.file('nginx.conf'), site))
}

/** Caddy, without its administration; php-fpm runs already. */
export const startCaddy: Start = async (page, site) => {
  const port = await findFreePort()
  const text = localizeSockets(page.file('Caddyfile'), site).replace(/^:80 /m, `:${port} `)
  const global = '{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n'
  const file = await site.put('Caddyfile', `${global}${text}`, port)
  const args = ['run', '--config', file, '--adapter', 'caddyfile']
  return startServer(site, port, '/usr/bin/caddy', args, { HOME: site.folder })
}

/** The server of a guide to which php-fpm stays. */
export const startNodeForPhp: Start = async (page, site) => {
  const port = await findFreePort()
  const file = await site.put('server.js', localizeSockets(page.file('server.js'), site), port)
  return startServer(site, port, process.execPath, [file])
}
