import { isIP } from 'node:net'
import type { CgiFolderName, FastcgiSetting, Settings } from './settings.js'

// The readers of values. Each returns undefined for a value that is not valid.

/** Reads a list separated by commas; undefined if it is empty or one of its words is not valid. */
export function readWords<T>(
  value: unknown,
  read: (word: string) => T | undefined,
): readonly T[] | undefined {
  const words = isString(value) ? value.split(',') : []
  const found = words.map((word) => read(word.trim()))
  const known = found.filter((item) => item !== undefined)
  return known.length === 0 || known.length < found.length ? undefined : known
}

export function isString(value: unknown): value is string {
  return typeof value === 'string'
}

/** A string that is not empty and has no NUL. */
export function toText(value: unknown): string | undefined {
  // Not empty: an unset shell variable would otherwise publish the working directory.
  return isString(value) && value !== '' && !value.includes('\0') ? value : undefined
}

/** A whole number within limits, or its digits. */
export function toInteger(value: unknown, least: number, most: number): number | undefined {
  const number = isString(value) && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
  return number >= least && number <= most ? number : undefined
}

/** A folder of scripts: `folder`, `.` or `/URL=FOLDER`. */
export function toCgiFolder(value: unknown): CgiFolderName | undefined {
  if (!isString(value)) return undefined
  const [, mount, elsewhere] = /^(\/[^=]*)=(.+)$/.exec(value) ?? []
  if (mount !== undefined) {
    return elsewhere !== undefined && (mount === '/' || isUrl(mount))
      ? { url: mount === '/' ? '' : mount, folder: elsewhere, isElsewhere: true }
      : undefined
  }
  if (value === '.' || value === './') return { url: '', folder: '.', isElsewhere: false }
  const folder = value.replace(/^\.\//, '').replace(/\/+$/, '')
  const url = `/${folder}`
  return !value.startsWith('/') && isUrl(url) ? { url, folder, isElsewhere: false } : undefined
}

/** An extension with its dot. */
export function toExtension(value: string): string | undefined {
  return /^\.[^./\\]+$/.test(value) ? value : undefined
}

/** A boolean, a list of addresses, or their text. */
export function toTrustedProxies(value: unknown): Settings['trust-proxy'] | undefined {
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === 'false') return value === 'true'
  const addresses = Array.isArray(value) ? value.join() : value
  return readWords(addresses, (word) => (isNetwork(word) ? word : undefined))
}

/** Whether `trustProxy` accepts it as an address or a network. */
function isNetwork(word: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(word)) return true
  const [address = '', prefix, ...rest] = word.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return prefix === undefined || toInteger(prefix, 1, family === 4 ? 32 : 128) !== undefined
}

/** Whether a path can be a mount: no empty or dot segments, no characters that a router interprets. */
export function isUrl(path: string): boolean {
  return /^(?:\/(?!\.{1,2}(?:\/|$))[^/?#%\\\s:*]+)+$/.test(path)
}

/** A program and its arguments, as an array or as one string. */
export function toCommand(value: unknown): readonly string[] | undefined {
  const args = isString(value) ? toArguments(value) : value
  if (!Array.isArray(args) || !args.every(isString)) return undefined
  return args.some((arg) => arg.includes('\0')) || !args[0] ? undefined : args
}

/** An address, a list of them, a program and its arguments, or an object of options. */
export function toApplicationServer(value: unknown): FastcgiSetting | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { address = [], spawn = [] } = value as Readonly<Record<string, unknown>>
    // fastcgi() checks all else.
    return [address, spawn].flat().every(isString) ? value : undefined
  }
  if (isString(value) && /^[^\s,]+(?:,[^\s,]+)+$/.test(value)) return { address: value.split(',') }
  return toCommand(value)
}

/** Whether a setting is an address, or a program and its arguments. */
export function isWords(setting: FastcgiSetting): setting is readonly string[] {
  return Array.isArray(setting)
}

/** Splits arguments at blanks outside quotes, as a shell does. */
function toArguments(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? []
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

/** `on`, `off` or `local`; a boolean means `on` or `off`. */
export function toWatchers(value: unknown): Settings['watch-errors'] | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === 'on' || value === 'off' || value === 'local' ? value : undefined
}
