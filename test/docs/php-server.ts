import { symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findPhpFpm } from '../apps/programs.js'
import { findFreePort, type RunningProgram, startProgram } from '../servers/program.js'
import type { MovingSite } from './moving-site.js'
import type { MovingServer, Start } from './moving-server.js'

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

/** nginx, with what its packages' main file has around a site; php-fpm runs already. */
export const startNginxForPhp: Start = async (page, site) => {
  const port = await findFreePort()
  const names = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of ['snippets', 'fastcgi.conf']) {
    await symlink(`/etc/nginx/${name}`, path.join(site.folder, name))
  }
  const conf = `
daemon off;
pid ${site.folder}/nginx.pid;
${isSuperuser ? 'user www-data;' : ''}
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
${names.map((name) => `  ${name}_temp_path ${site.folder}/nginx-${name};`).join('\n')}
  ${localizeSockets(page.file('nginx.conf'), site).replace('listen 80;', `listen 127.0.0.1:${port};`)}
}`
  const file = await site.put('nginx.conf', conf, port)
  const errors = path.join(site.folder, 'nginx-error.log')
  return listen(site, port, '/usr/sbin/nginx', ['-c', file, '-p', site.folder, '-e', errors])
}

/** Caddy, without its administration; php-fpm runs already. */
export const startCaddy: Start = async (page, site) => {
  const port = await findFreePort()
  const text = localizeSockets(page.file('Caddyfile'), site).replace(/^:80 /m, `:${port} `)
  const global = '{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n'
  const file = await site.put('Caddyfile', `${global}${text}`, port)
  return listen(site, port, '/usr/bin/caddy', ['run', '--config', file, '--adapter', 'caddyfile'])
}

/** The server of a guide to which php-fpm stays. */
export const startNodeForPhp: Start = async (page, site) => {
  const port = await findFreePort()
  const file = await site.put('server.js', localizeSockets(page.file('server.js'), site), port)
  return listen(site, port, process.execPath, [file])
}

async function listen(
  site: MovingSite,
  port: number,
  program: string,
  args: readonly string[],
): Promise<MovingServer> {
  const running = await startProgram(program, args, {
    address: { port, host: '127.0.0.1' },
    site,
    cwd: site.folder,
    env: { PATH, NODE_ENV: 'production', HOME: site.folder, SECRET: 'of the host' },
  })
  return { port, ...running }
}
