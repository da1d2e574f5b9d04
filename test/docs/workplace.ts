import { execFile } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { signalOf } from '../support/signal.js'
import { fileURLToPath } from 'node:url'
import { findFreePort, type RunningProgram, startProgram } from '../servers/program.js'
import type { Page } from './page.js'
import { findPhpFpm } from '../apps/programs.js'
import { startPhpFpm } from './php-server.js'
import { follow } from './transcript.js'

/** Where the packages that pages import are found. */
const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** The port that all pages have for the application, and that of a proxy in front of it. */
const PORT = '3000'
const PROXY_PORT = '8080'
/** That of an application server. */
const SERVER_PORT = '9000'

/** The folder of a page's site and that of php-fpm's sockets; in a test, both are elsewhere. */
const SITE = '/srv/site'
const SOCKETS = '/run/php/'

/** A folder in which the steps of a page are run, from the first to the last. */
export class Workplace {
  readonly origin: string
  readonly #servers: RunningProgram[] = []

  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly proxyPort: number,
    private readonly serverPort: number,
    private readonly page: Page,
    private readonly t: Test,
  ) {
    this.origin = `http://127.0.0.1:${port}`
  }

  /** An empty folder, where a page's packages are installed and its files are put; gone after the test. */
  static async create(t: Test, page: Page): Promise<Workplace> {
    const prefix = path.join(tmpdir(), 'common-gateway-docs-')
    const folder = await realpath(await mkdtemp(prefix))
    const ports = [await findFreePort(), await findFreePort(), await findFreePort()] as const
    const workplace = new Workplace(folder, ...ports, page, t)
    t.after(() => workplace.#leave())
    await symlink(PACKAGES, path.join(folder, 'node_modules'))
    await mkdir(path.join(folder, 'home'))
    // Scripts and servers may run as another user.
    await chmod(folder, 0o755)
    for (const { name, text } of page.files) {
      const file = path.join(folder, name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, workplace.localize(text))
    }
    for (const block of page.loose('sh')) {
      if (!isServer(block)) await workplace.shell(`set -e\n${workplace.localize(block)}`)
    }
    return workplace
  }

  /** Starts a server of the page and waits until it listens. After the test it is stopped at the latest. */
  async start(program: string, args: readonly string[], port = this.port): Promise<RunningProgram> {
    const server = await startProgram(program, args, {
      address: { port, host: '127.0.0.1' },
      site: this,
      cwd: this.folder,
      env: this.#environment,
    })
    this.#servers.push(server)
    return server
  }

  /** Starts nginx with the page's files, those in its folder `nginx`, as Debian's own includes those in conf.d. */
  async startNginx(): Promise<void> {
    const file = path.join(this.folder, 'nginx.conf')
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    await writeFile(
      file,
      `daemon off;
pid nginx.pid;
${process.getuid?.() === 0 ? 'user www-data;' : ''}
events {}
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path nginx-${name};`).join('\n')}
  include nginx/*.conf;
}
`,
    )
    const args = ['-c', file, '-p', this.folder, '-e', path.join(this.folder, 'nginx-error.log')]
    await this.start('/usr/sbin/nginx', args, this.proxyPort)
  }

  async #leave(): Promise<void> {
    // The last to come is the first to go: a server in front of another needs it.
    for (const server of this.#servers.toReversed()) await server.close()
    await this.#stopDaemons()
    await rm(this.folder, { recursive: true })
  }

  /** Stops what a page whose steps have failed has put into the background. */
  async #stopDaemons(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      if (!name.endsWith('.pid')) continue
      try {
        process.kill(Number(await readFile(path.join(this.folder, name), 'utf8')))
      } catch {
        // It has ended.
      }
    }
  }

  /** Does what the page, or its first so many blocks, do once its server runs. */
  async follow(most = Number.POSITIVE_INFINITY): Promise<void> {
    for (const block of this.page.loose('console').slice(0, most)) {
      await follow(this.localize(block), (command) => this.shell(command))
    }
  }

  /** Puts the ports, the folder and the user of this place where the page has its own. */
  localize(text: string): string {
    return text
      .replaceAll(PORT, String(this.port))
      .replaceAll(PROXY_PORT, String(this.proxyPort))
      .replaceAll(SERVER_PORT, String(this.serverPort))
      .replaceAll('= ada\n', `= ${userInfo().username}\n`)
      .replaceAll('php-fpm8.2 ', `${findPhpFpm()} `)
      .replaceAll(SOCKETS, `${this.folder}/`)
      .replaceAll(SITE, this.folder)
  }

  /** Starts php-fpm with the pools of a page. */
  async startPhpFpm(pools: string): Promise<void> {
    this.#servers.push(await startPhpFpm(this.localize(pools), this))
  }

  /** Runs a line of shell; returns all that it prints. @throws where it fails and was told to. */
  shell(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.folder, env: this.#environment, signal: signalOf(this.t) }
      execFile('sh', ['-c', `exec 2>&1\n${command}`], options, (error, output) => {
        const isMeant = error !== null && !command.startsWith('set -e') && !error.killed
        if (error === null || isMeant) resolve(output)
        else reject(new Error(`${error.message}\n${output}`, { cause: error }))
      })
    })
  }

  /** The environment of a new user. */
  get #environment(): Record<string, string> {
    const { PATH = '' } = process.env
    const identity = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.org' }
    return {
      PATH,
      HOME: path.join(this.folder, 'home'),
      LANG: 'C.UTF-8',
      NODE_ENV: 'production',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      ...identity,
      GIT_COMMITTER_NAME: identity.GIT_AUTHOR_NAME,
      GIT_COMMITTER_EMAIL: identity.GIT_AUTHOR_EMAIL,
      no_proxy: '127.0.0.1',
    }
  }
}

/** Whether a block of shell starts a server, which stays in the foreground. */
function isServer(block: string): boolean {
  return /^(?:node|npx|common-gateway) /.test(block)
}
