import type { FastcgiOptions } from '@common-gateway/fastcgi'

/** All settings after validation, by the name of the flag. */
export interface Settings {
  readonly directory: string
  readonly port: number
  readonly bind: string
  readonly 'cgi-dir': readonly CgiFolderName[]
  readonly interpreter: Readonly<Record<string, readonly string[]>>
  readonly script: Readonly<Record<string, string>>
  /** Application servers, by the extension of their scripts or by a URL. */
  readonly fastcgi: Readonly<Record<string, FastcgiSetting>>
  /** Extensions of scripts that run in every folder of the site. */
  readonly scripts: readonly string[]
  /** Extensions of files that are sent although they look like scripts. */
  readonly send: readonly string[]
  /** Names of index files, in order of preference. */
  readonly index: readonly string[]
  /** Path in the served folder of the script that answers for what names no file. */
  readonly fallback: string
  /** More folders of files, by URL. */
  readonly files: Readonly<Record<string, string>>
  /** Folders that symbolic links may point into. */
  readonly 'link-root': readonly string[]
  /** A password file, as htpasswd writes it. */
  readonly auth: string
  /** The proxies whose X-Forwarded-* fields are trusted; the values of Fastify's `trustProxy`. */
  readonly 'trust-proxy': boolean | readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly user: string
  readonly 'max-processes': number
  /** Whether scripts in Python and Perl run in interpreters that are loaded already. */
  readonly warm: boolean
  /** In milliseconds. */
  readonly timeout: number
  readonly 'tls-cert': string
  readonly 'tls-key': string
  readonly 'watch-errors': 'on' | 'off' | 'local'
  readonly status: boolean
  /** Whether a browser is opened at the start. */
  readonly open: boolean
  /** Whether pages in a browser on this machine are reloaded when a file changes. */
  readonly watch: boolean
  /** Whether there are numbers for Prometheus. */
  readonly metrics: boolean
  readonly log: 'text' | 'json'
}

export type SettingName = keyof Settings

/** An address, a program and its arguments, or options of `fastcgi()`. */
export type FastcgiSetting = readonly string[] | FastcgiOptions

/** A folder of scripts and its URL. */
export interface CgiFolderName {
  /** Without a trailing slash; empty for the whole site. */
  readonly url: string
  /** Relative to the served folder unless `isElsewhere`. */
  readonly folder: string
  readonly isElsewhere: boolean
}

/** Settings that always have a value. The others are optional or have defaults in the gateway. */
type AlwaysSet = 'directory' | 'port' | 'bind' | 'cgi-dir' | 'watch-errors' | 'status' | 'log'

/** The settings with defaults applied. */
export type EffectiveSettings = Partial<Settings> & Pick<Settings, AlwaysSet>

/** The default settings. */
export const DEFAULTS = {
  directory: '.',
  port: 8000,
  bind: '127.0.0.1',
  // As in Python's server.
  'cgi-dir': ['cgi-bin', 'htbin'].map((folder) => {
    return { url: `/${folder}`, folder, isElsewhere: false }
  }),
  'watch-errors': process.env['NODE_ENV'] === 'production' ? 'off' : 'local',
  status: true,
  log: 'text',
} as const satisfies EffectiveSettings
