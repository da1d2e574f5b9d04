import path from 'node:path'
import { parseDuration } from '../text/duration.js'
import type { SettingName, Settings } from './settings.js'
import {
  isString,
  isUrl,
  readWords,
  toApplicationServer,
  toCgiFolder,
  toCommand,
  toExtension,
  toInteger,
  toText,
  toTrustedProxies,
  toWatchers,
} from './values.js'

/** How a value is validated; `read` returns undefined for an invalid value. */
interface Rule<T> {
  /** The text after `must be` in errors. */
  readonly rule: string
  readonly read: (value: unknown) => T | undefined
  /** `list` and `pairs` can be repeated; an item of `pairs` has a name. */
  readonly shape: 'one' | 'list' | 'pairs'
}

const one = <T>(rule: string, read: (value: unknown) => T | undefined): Rule<T> => {
  return { rule, read, shape: 'one' }
}
const list = <T>(rule: string, read: (value: unknown) => T | undefined): Rule<readonly T[]> => {
  return { rule, read: (value) => wrap(read(value)), shape: 'list' }
}
/** A list whose items can also be separated by commas. */
const separated = <T>(rule: string, read: (word: string) => T | undefined): Rule<readonly T[]> => {
  return { rule, read: (value) => readWords(value, read), shape: 'list' }
}
const pairs = <T>(
  rule: string,
  read: (name: string, value: unknown) => T | undefined,
): Rule<Readonly<Record<string, T>>> => {
  const readPair = (pair: unknown): Record<string, T> | undefined => {
    const [name, value]: readonly unknown[] = Array.isArray(pair) ? pair : []
    const found = typeof name === 'string' ? read(name, value) : undefined
    // Not by assignment, which would lose the name `__proto__`.
    return found === undefined ? undefined : Object.fromEntries([[String(name), found]])
  }
  return { rule, read: readPair, shape: 'pairs' }
}

/** The rule of every setting. */
export const RULES: { readonly [Name in SettingName]: Rule<Settings[Name]> } = {
  directory: one('the name of a folder', toText),
  port: one('a whole number from 0 to 65535', (value) => toInteger(value, 0, 65_535)),
  bind: one('an address or a name', toText),
  'cgi-dir': list(
    'a folder in the one that is served, or /URL=FOLDER; no blank or any of ?#%\\:* in the URL',
    toCgiFolder,
  ),
  interpreter: pairs('.EXTENSION=PROGRAM, such as .py=python3', (extension, command) => {
    return toExtension(extension) === undefined ? undefined : toCommand(command)
  }),
  fastcgi: pairs(
    '.EXTENSION or /URL with a program or an address, such as .php=php-cgi or /app=127.0.0.1:9000',
    (name, server) => {
      return isUrl(name) || toExtension(name) !== undefined
        ? toApplicationServer(server)
        : undefined
    },
  ),
  script: pairs('/URL=PROGRAM, such as /git=/usr/lib/git-core/git-http-backend', (url, program) => {
    return isUrl(url) ? toText(program) : undefined
  }),
  scripts: separated('extensions, such as .cgi,.php', toExtension),
  send: separated('extensions, such as .py,.sh', toExtension),
  index: separated('names of files, such as index.cgi,index.php', (name) => {
    return /^(?!\.)[^/\\\0]+$/.test(name) ? name : undefined
  }),
  fallback: one('the path of a script in the folder, such as index.php', (value) => {
    const name = toText(value)
    return name === undefined || path.posix.normalize(name) !== name || /^(?:\/|\.\.)/.test(name)
      ? undefined
      : name
  }),
  files: pairs('/URL=FOLDER, such as /icons=/usr/share/icons', (url, folder) => {
    return isUrl(url) ? toText(folder) : undefined
  }),
  'link-root': list('the name of a folder', toText),
  auth: one('the name of a file', toText),
  'trust-proxy': one(
    'true, false, or the addresses of proxies, such as loopback,10.0.0.0/8',
    toTrustedProxies,
  ),
  env: pairs('NAME=VALUE, or the name alone of a variable that is set here', (name, value) => {
    return name !== '' && !/[=\0]/.test(name) && isString(value) && !value.includes('\0')
      ? value
      : undefined
  }),
  cwd: one('the name of a folder', toText),
  user: one('the name of a user', toText),
  'max-processes': one('a whole number, 1 or more', (value) => {
    return toInteger(value, 1, Number.MAX_SAFE_INTEGER)
  }),
  warm: one('true or false', toBoolean),
  timeout: one(
    'a time such as 30s, 500ms or 2m, up to 24 days (a number alone is in seconds; 0: no limit)',
    parseDuration,
  ),
  'tls-cert': one('the name of a file', toText),
  'tls-key': one('the name of a file', toText),
  'watch-errors': one("'on', 'off' or 'local'", toWatchers),
  status: one('true or false', toBoolean),
  open: one('true or false', toBoolean),
  watch: one('true or false', toBoolean),
  metrics: one('true or false', toBoolean),
  log: one("'text' or 'json'", (value) => {
    return value === 'text' || value === 'json' ? value : undefined
  }),
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(RULES, name)
}

function toBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function wrap<T>(value: T | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : [value]
}
