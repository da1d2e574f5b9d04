import { invalidOption } from '@common-gateway/core/transport'
import path from 'node:path'
import { parseAddress } from './address.js'
import type { FastcgiOptions } from './options.js'

type Rule = readonly [description: string, holds: (value: unknown) => boolean]

const LONGEST_DELAY = 2 ** 31 - 1

const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0')
const isTexts = (value: unknown): boolean =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))
const isAddress = (value: unknown): boolean => isText(value) && parseAddress(value) !== undefined
const isExtension = (value: unknown): boolean => isText(value) && /^\.[^./\\]+$/.test(value)
const isOneOrMore = (holds: (value: unknown) => boolean) => (value: unknown) =>
  holds(value) || (Array.isArray(value) && value.length > 0 && value.every(holds))
const integer = (least: number, most: number, unit: string): Rule => [
  `an integer from ${least} to ${most}${unit}`,
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
]
const milliseconds = integer(0, LONGEST_DELAY, ' (milliseconds)')

const isVariables = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.entries(value).every(
    ([name, text]) =>
      isText(name) && !name.includes('=') && typeof text === 'string' && !text.includes('\0'),
  )

/** The rules of the options that the spawner of the workers does not check. */
const RULES: { readonly [Name in keyof Required<FastcgiOptions>]?: Rule } = {
  address: [
    'the path of a Unix socket, `host:port`, `[IPv6]:port`, or an array of them',
    isOneOrMore(isAddress),
  ],
  spawn: ['a program, or an array of a program and its arguments', isTexts],
  processes: integer(1, Number.MAX_SAFE_INTEGER, ''),
  maxRequests: integer(0, Number.MAX_SAFE_INTEGER, ''),
  idleTimeout: milliseconds,
  env: ['an object of strings; names without `=`, and no NUL in either', isVariables],
  inheritEnv: [
    'an array of variable names without `=`',
    (value) => Array.isArray(value) && value.every((name) => isText(name) && !name.includes('=')),
  ],
  cwd: ['an absolute path', (value) => isText(value) && path.isAbsolute(value)],
  maxConnections: integer(1, Number.MAX_SAFE_INTEGER, ''),
  keepAlive: [
    `a boolean, or ${milliseconds[0]}`,
    (value) => typeof value === 'boolean' || milliseconds[1](value),
  ],
  connectTimeout: milliseconds,
  root: ['an absolute path', (value) => isText(value) && value.startsWith('/')],
  split: [
    'a file name extension that begins with its dot, such as `.php`, or an array of them',
    isOneOrMore(isExtension),
  ],
  retry: ["one of 'unsent', 'safe'", (value) => value === 'unsent' || value === 'safe'],
}

/** The options that the spawner of the workers checks. */
export const CONFINEMENT_OPTIONS = [
  'user',
  'group',
  'memoryLimit',
  'openFileLimit',
  'fileSizeLimit',
  'nice',
] as const

/** Options of workers. */
const WORKER_OPTIONS = [
  'processes',
  'maxRequests',
  'idleTimeout',
  'env',
  'inheritEnv',
  'cwd',
  ...CONFINEMENT_OPTIONS,
] as const

/** Checks the options. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function checkOptions(options: FastcgiOptions, protocol: 'fastcgi' | 'scgi'): void {
  if (typeof options !== 'object' || options === null) {
    throw invalidOption('options', 'a program, an address, or an object', options)
  }
  const names: readonly string[] = [...Object.keys(RULES), ...CONFINEMENT_OPTIONS]
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) {
      throw invalidOption(name, `one of the known options (${names.join(', ')})`, value)
    }
    // The name was found above; the rules of the others are the spawner's.
    const rule = RULES[name as keyof FastcgiOptions]
    if (value !== undefined && rule !== undefined && !rule[1](value)) {
      throw invalidOption(name, rule[0], value)
    }
  }
  if (protocol === 'scgi' && options.keepAlive !== undefined) {
    throw invalidOption(
      'keepAlive',
      'absent: an SCGI connection has one request',
      options.keepAlive,
    )
  }
  const { address, spawn, split, root } = options
  if (address === undefined && spawn === undefined) {
    throw invalidOption('address', 'given, or `spawn`', address)
  }
  if (address !== undefined) {
    for (const name of ['spawn', ...WORKER_OPTIONS] as const) {
      if (options[name] === undefined) continue
      throw invalidOption(name, 'absent where `address` is given', options[name])
    }
  } else if (options.maxConnections !== undefined) {
    const rule = 'absent where `spawn` is given: each of the `processes` has one request at a time'
    throw invalidOption('maxConnections', rule, options.maxConnections)
  }
  if (split !== undefined && root === undefined) {
    throw invalidOption('root', 'given where `split` is: the folder of the scripts there', root)
  }
}
