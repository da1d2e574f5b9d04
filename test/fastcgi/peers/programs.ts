import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { findPhpFpm } from '../../apps/programs.js'
import { findFreePort, findProgram, startProgram } from '../../servers/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'

/** The applications, which all do the same, each in its language. */
export const APPLICATIONS = fileURLToPath(new URL('../../../fixtures/fastcgi', import.meta.url))

/** Where an application listens: a Unix socket, a port here, or a port of a host where commands need a prefix. */
type Listening =
  | 'tcp'
  | 'unix'
  | { readonly host: string; readonly prefix: readonly [string, ...string[]] }

/** An application server that runs. */
export interface Peer {
  /** As the option `address` has it. */
  readonly address: string
  close(): Promise<void>
}

interface Place {
  readonly folder: string
  readonly address: string
  /** Before each command. */
  readonly prefix: readonly string[]
  /** For `connect()`. */
  readonly target: { readonly path: string } | { readonly port: number; readonly host: string }
}

async function makePlace(t: Test, listening: Listening): Promise<Place> {
  const folder = createTemporaryFolder(t)
  if (listening === 'unix') {
    const address = path.join(folder, 'application.sock')
    return { folder, address, prefix: [], target: { path: address } }
  }
  const { host, prefix } = listening === 'tcp' ? { host: '127.0.0.1', prefix: [] } : listening
  const target = { port: await findFreePort(), host }
  return { folder, address: `${host}:${target.port}`, prefix, target }
}

async function start(
  t: Test,
  { folder, address, target, prefix }: Place,
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Peer> {
  const [program = '', ...args] = [...prefix, ...command]
  const options = { address: target, site: { folder }, env: { ...process.env, ...env } }
  const running = await startProgram(program, args, options)
  t.after(() => running.close())
  return { address, close: () => running.close() }
}

/** How a pool of php-fpm is set up. */
export interface PhpFpmOptions {
  readonly listening?: Listening
  readonly children?: number
  readonly maxRequests?: number
  readonly backlog?: number
}

/** A php-fpm that runs. */
export interface PhpFpm extends Peer {
  /** Of the master. */
  readonly pid: () => number
  /** Kills the master and its children. */
  kill(): Promise<void>
  /** Starts it again at the same address, when it has ended. */
  restart(): Promise<void>
}

/** A pool of a fixed number of children, which end no request when they are reloaded or stopped gracefully. */
export async function startPhpFpm(t: Test, options: PhpFpmOptions = {}): Promise<PhpFpm> {
  const place = await makePlace(t, options.listening ?? 'unix')
  const { folder, address } = place
  const file = path.join(folder, 'php-fpm.conf')
  const user = process.getuid?.() === 0 ? 'user = www-data\ngroup = www-data\n' : ''
  writeFileSync(
    file,
    `[global]
pid = ${folder}/php-fpm.pid
error_log = ${folder}/php-fpm.log
process_control_timeout = 20
[pool]
${user}listen = ${address}
listen.mode = 0666
listen.backlog = ${options.backlog ?? 511}
pm = static
pm.max_children = ${options.children ?? 4}
pm.max_requests = ${options.maxRequests ?? 0}
php_admin_value[upload_max_filesize] = 64M
php_admin_value[post_max_size] = 64M
`,
  )
  const command = [findPhpFpm() ?? 'php-fpm', '--nodaemonize', '--fpm-config', file, '-n'] as const
  let running = await start(t, place, command)
  return {
    address,
    pid: () => Number(readFileSync(`${folder}/php-fpm.pid`, 'utf8')),
    close: () => running.close(),
    async kill() {
      const pid = Number(readFileSync(`${folder}/php-fpm.pid`, 'utf8'))
      // The group of the master has all of its children.
      process.kill(-pid, 'SIGKILL')
      await running.close()
    },
    async restart() {
      await running.close()
      running = await start(t, place, command)
    },
  }
}

/** A php-cgi that forks its own children. */
export async function startPhpCgi(t: Test): Promise<Peer> {
  const place = await makePlace(t, 'tcp')
  const variables = { PHP_FCGI_CHILDREN: '4', PHP_FCGI_MAX_REQUESTS: '0' }
  return start(
    t,
    place,
    ['php-cgi', '-n', '-d', 'post_max_size=64M', '-b', place.address],
    variables,
  )
}

/** Perl's FCGI behind spawn-fcgi: one process, one request at a time. */
export async function startPerl(t: Test): Promise<Peer> {
  const place = await makePlace(t, 'unix')
  const args = ['-n', '-s', place.address, '--', '/usr/bin/perl', `${APPLICATIONS}/app.pl`]
  return start(t, place, ['spawn-fcgi', ...args])
}

/** Go's net/http/fcgi. */
export async function startGo(t: Test): Promise<Peer> {
  const place = await makePlace(t, 'tcp')
  const program = path.join(place.folder, 'application')
  // Nothing but the standard library, and so nothing from the network.
  const env = { ...process.env, GOFLAGS: '', GOPROXY: 'off', GO111MODULE: 'off' }
  const args = ['build', '-o', program, `${APPLICATIONS}/app.go`]
  const { status, stderr } = spawnSync('go', args, { env, cwd: place.folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`go build: ${stderr}`)
  return start(t, place, [program, place.address])
}

/** A responder of SCGI in Python. */
export async function startPython(t: Test): Promise<Peer> {
  const place = await makePlace(t, 'unix')
  return start(t, place, ['python3', `${APPLICATIONS}/app.py`, place.address])
}

/** Without the variables of the tests, which fcgiwrap and its like pass on to scripts. */
const CLEAN = ['env', '-i', `PATH=${process.env['PATH']}`] as const

/** fcgiwrap: so many processes, each of which runs one script at a time. */
export async function startFcgiwrap(t: Test, processes: number): Promise<Peer> {
  const place = await makePlace(t, 'unix')
  const args = ['-f', '-c', String(processes), '-s', `unix:${place.address}`]
  return start(t, place, [...CLEAN, FCGIWRAP, ...args])
}

export const FCGIWRAP = '/usr/sbin/fcgiwrap'

/** The system's, where there is one: the one of a version manager is a script that changes the environment. */
const PYTHON = findProgram('/usr/bin/python3') ?? 'python3'

/** A program that runs CGI scripts, and passes on all that FastCGI can carry. */
const SCRIPT_RUNNER = [PYTHON, `${APPLICATIONS}/run-scripts.py`] as const

/** The same, for any number of scripts at once. */
export async function startScriptRunner(t: Test): Promise<Peer> {
  const place = await makePlace(t, 'unix')
  return start(t, place, [...CLEAN, ...SCRIPT_RUNNER, place.address])
}
