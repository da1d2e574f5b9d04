import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findFreePort, findProgram, startProgram } from './program.js'
import type { RunningServer, Server } from './server.js'
import type { Site } from './site.js'

/** Scripts that fcgiwrap runs at once; it has no default beyond one. */
const WORKERS = 16

export const findNginx = (): string | undefined => findProgram('/usr/sbin/nginx', '/usr/bin/nginx')
const findWrapper = (): string | undefined =>
  findProgram('/usr/sbin/fcgiwrap', '/usr/local/sbin/fcgiwrap')

export const nginx: Server = {
  name: 'nginx',
  get description() {
    const program = findNginx()
    if (program === undefined) return 'nginx'
    // It tells its version on the standard error.
    const version = spawnSync(program, ['-v'], { encoding: 'utf8' }).stderr
    const name = /nginx\/\S+/.exec(version)?.[0] ?? 'nginx'
    return `${name}, fcgiwrap with ${WORKERS} workers behind a Unix socket, bodies of any size allowed`
  },
  isOurs: false,
  missing() {
    const names = { nginx: findNginx(), fcgiwrap: findWrapper() }
    const missing = Object.entries(names).filter(([, program]) => program === undefined)
    return missing.map(([name]) => name).join(' ') || undefined
  },
  async start(site) {
    // A site may have more than one, and a path of a socket has 107 bytes at most.
    const socket = path.join(site.folder, `fcgiwrap-${randomUUID().slice(0, 8)}.sock`)
    const wrapper = await startProgram(
      findWrapper() ?? 'fcgiwrap',
      ['-c', String(WORKERS), '-s', `unix:${socket}`],
      { address: { path: socket }, site },
    )
    try {
      // nginx may run as another user.
      await chmod(socket, 0o777)
      const server = await startNginx(site, socket)
      return {
        port: server.port,
        pids: [...server.pids, ...wrapper.pids],
        async close() {
          await server.close()
          await wrapper.close()
        },
      }
    } catch (error) {
      await wrapper.close()
      throw error
    }
  },
}

/** Starts it for a FastCGI server that listens on a Unix socket. */
export async function startNginx(site: Site, socket: string): Promise<RunningServer> {
  const port = await findFreePort()
  const file = path.join(site.folder, `nginx-${port}.conf`)
  await writeFile(file, configuration(site, port, socket))
  const log = path.join(site.folder, `nginx-${port}-error.log`)
  const address = { port, host: '127.0.0.1' }
  const args = ['-c', file, '-p', site.folder, '-e', log]
  return { port, ...(await startProgram(findNginx() ?? 'nginx', args, { address, site })) }
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

/** The variables are those of the file `fastcgi_params` that comes with nginx. */
const VARIABLES = {
  SCRIPT_FILENAME: '$document_root$fastcgi_script_name',
  SCRIPT_NAME: '$fastcgi_script_name',
  QUERY_STRING: '$query_string',
  REQUEST_METHOD: '$request_method',
  CONTENT_TYPE: '$content_type',
  CONTENT_LENGTH: '$content_length',
  REQUEST_URI: '$request_uri',
  DOCUMENT_URI: '$document_uri',
  DOCUMENT_ROOT: '$document_root',
  SERVER_PROTOCOL: '$server_protocol',
  REQUEST_SCHEME: '$scheme',
  GATEWAY_INTERFACE: 'CGI/1.1',
  SERVER_SOFTWARE: 'nginx/$nginx_version',
  REMOTE_ADDR: '$remote_addr',
  REMOTE_PORT: '$remote_port',
  SERVER_ADDR: '$server_addr',
  SERVER_PORT: '$server_port',
  SERVER_NAME: '$server_name',
}

function configuration({ folder, root }: Site, port: number, socket: string): string {
  const variables = Object.entries(VARIABLES)
  return `
daemon off;
worker_processes auto;
pid ${folder}/nginx-${port}.pid;
${process.getuid?.() === 0 ? 'user www-data;' : ''}
events {}
http {
  access_log off;
  client_max_body_size 0;
${TEMPORARY.map((name) => `  ${name}_temp_path ${folder}/nginx-${port}-${name};`).join('\n')}
  server {
    listen 127.0.0.1:${port};
    root ${root};
    location /cgi-bin/ {
      fastcgi_pass unix:${socket};
${variables.map(([name, value]) => `      fastcgi_param ${name} ${value};`).join('\n')}
    }
  }
}
`
}
