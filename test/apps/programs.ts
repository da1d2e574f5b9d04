import { type ExecFileOptions, execFile, execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { CHROMIUM } from '../support/browser.js'

/** A program that tests need but the project does not bring along. */
interface Program {
  /** The Debian package that holds it. */
  readonly package: string
  isInstalled(): boolean
}

const PROGRAMS = {
  Apache: { package: 'apache2', isInstalled: () => isExecutable('/usr/sbin/apache2') },
  AWStats: { package: 'awstats', isInstalled: () => isExecutable(AWSTATS) },
  Caddy: { package: 'caddy', isInstalled: () => isInPath('caddy') },
  'cgi-fcgi': { package: 'libfcgi-bin', isInstalled: () => isInPath('cgi-fcgi') },
  cgit: { package: 'cgit', isInstalled: () => isExecutable(CGIT) },
  chromium: { package: 'chromium', isInstalled: () => isExecutable(CHROMIUM) },
  curl: { package: 'curl', isInstalled: () => isInPath('curl') },
  DokuWiki: { package: 'dokuwiki', isInstalled: () => existsSync(DOKUWIKI) },
  bottle: {
    package: 'python3-bottle',
    isInstalled: () => spawnSync('/usr/bin/python3', ['-c', 'import bottle']).status === 0,
  },
  Flask: {
    package: 'python3-flask',
    isInstalled: () => spawnSync('python3', ['-c', 'import flask']).status === 0,
  },
  Go: { package: 'golang-go', isInstalled: () => isInPath('go') },
  git: { package: 'git', isInstalled: () => isInPath('git') },
  'git http-backend': { package: 'git', isInstalled: () => isExecutable(gitHttpBackend()) },
  fcgiwrap: { package: 'fcgiwrap', isInstalled: () => isExecutable('/usr/sbin/fcgiwrap') },
  gitweb: { package: 'gitweb', isInstalled: () => isExecutable(GITWEB) },
  lighttpd: { package: 'lighttpd', isInstalled: () => isExecutable('/usr/sbin/lighttpd') },
  ip: { package: 'iproute2', isInstalled: () => isInPath('ip') },
  locales: {
    package: 'locales',
    isInstalled: () => isInPath('localedef') && existsSync('/usr/share/i18n/locales/de_DE'),
  },
  MapServer: { package: 'cgi-mapserver', isInstalled: () => isExecutable(MAPSERVER) },
  MediaWiki: {
    package: 'mediawiki php-sqlite3',
    isInstalled: () => existsSync(MEDIAWIKI) && hasPhpExtension('pdo_sqlite'),
  },
  nginx: { package: 'nginx', isInstalled: () => isExecutable('/usr/sbin/nginx') },
  perl: { package: 'perl', isInstalled: () => isInPath('perl') },
  'php-fpm': { package: 'php-fpm', isInstalled: () => findPhpFpm() !== undefined },
  'php-cgi': { package: 'php-cgi', isInstalled: () => isInPath('php-cgi') },
  'CGI.pm': {
    package: 'libcgi-pm-perl',
    isInstalled: () => spawnSync('perl', ['-MCGI', '-e', '1']).status === 0,
  },
  'FCGI.pm': {
    package: 'libfcgi-perl',
    isInstalled: () => spawnSync('perl', ['-MFCGI', '-e', '1']).status === 0,
  },
  'spawn-fcgi': { package: 'spawn-fcgi', isInstalled: () => isInPath('spawn-fcgi') },
  fish: { package: 'fish', isInstalled: () => isInPath('fish') },
  zsh: { package: 'zsh', isInstalled: () => isInPath('zsh') },
  man: { package: 'man-db', isInstalled: () => isInPath('man') },
  groff: { package: 'groff', isInstalled: () => isInPath('groff') },
  mandoc: { package: 'mandoc', isInstalled: () => isInPath('mandoc') },
  promtool: { package: 'prometheus', isInstalled: () => isInPath('promtool') },
  python3: { package: 'python3', isInstalled: () => isInPath('python3') },
  'systemd-analyze': { package: 'systemd', isInstalled: () => isInPath('systemd-analyze') },
  Twisted: { package: 'python3-twisted', isInstalled: () => isExecutable('/usr/bin/twistd3') },
  tini: { package: 'tini', isInstalled: () => isInPath('tini') },
} as const satisfies Record<string, Program>

/** Where Debian puts what is in no PATH. */
export const AWSTATS = '/usr/lib/cgi-bin/awstats.pl'
const CGIT = '/usr/lib/cgit/cgit.cgi'
const DOKUWIKI = '/usr/share/dokuwiki/doku.php'
const MAPSERVER = '/usr/lib/cgi-bin/mapserv'
const MEDIAWIKI = '/usr/share/mediawiki/index.php'
export const GITWEB = '/usr/share/gitweb/gitweb.cgi'

/** Absolute path of the CGI program that serves git repositories; git knows where its own are. */
export function gitHttpBackend(): string {
  if (!isInPath('git')) return ''
  return path.join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), HTTP_BACKEND)
}

const HTTP_BACKEND = 'git-http-backend'

/**
 * Options for a suite that cannot run without these programs: where one is missing, the suite is
 * skipped and says what to install. In CI (the variable CI is set), that is a failure.
 */
export function needs(...names: readonly (keyof typeof PROGRAMS)[]): { skip: string | false } {
  const missing = names.filter((name) => !PROGRAMS[name].isInstalled())
  if (missing.length === 0) return { skip: false }
  const packages = new Set(missing.map((name) => PROGRAMS[name].package))
  const advice = `needs ${missing.join(', ')}: sudo apt-get install ${[...packages].join(' ')}`
  if (process.env['CI']) {
    void t.test(`${missing.join(', ')} can be found`, async () => {
      throw new Error(advice)
    })
  }
  return { skip: advice }
}

/** The same for a suite that is for the superuser alone; on a person's machine, it is skipped without. */
export function needsRoot(...names: readonly (keyof typeof PROGRAMS)[]): { skip: string | false } {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  return isRoot ? needs(...names) : { skip: 'needs the superuser of a Linux' }
}

/** How to run a client program. */
export interface RunOptions extends Pick<ExecFileOptions, 'cwd' | 'env'> {
  /** Stops the program, for tests that fail while it runs. */
  readonly signal: AbortSignal
  /** What it reads from its standard input. */
  readonly input?: string | Buffer
}

/** Runs a program to its end and returns what it printed. @throws where it fails, with its stderr. */
export function run(
  program: string,
  args: readonly string[],
  { input = '', ...options }: RunOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settings = { ...options, encoding: 'buffer', maxBuffer: 64 * 1024 ** 2 } as const
    const child = execFile(program, args, settings, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(new Error(error.message, { cause: error }))
    })
    // A program that fails early has closed its input; its exit code says more than EPIPE.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

function isInPath(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  return folders.some((folder) => isExecutable(path.join(folder, name)))
}

function hasPhpExtension(name: string): boolean {
  const { status } = spawnSync('php', ['-r', `exit(extension_loaded('${name}') ? 0 : 1);`])
  return status === 0
}

/** The program of php-fpm, whose name has PHP's version. */
export function findPhpFpm(): string | undefined {
  const folder = '/usr/sbin'
  const name = readdirSync(folder).find((each) => /^php-fpm[\d.]*$/.test(each))
  return name === undefined ? undefined : path.join(folder, name)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
