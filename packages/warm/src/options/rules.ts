import { invalidOption } from '@common-gateway/core/transport'
import { DEFAULTS, type WarmOptions, type WarmSettings } from './options.js'

type Rule = readonly [description: string, holds: (value: unknown) => boolean]

const integer = (least: number, most: number, unit: string): Rule => [
  `an integer from ${least} to ${most}${unit}`,
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
]
/** The longest delay that Node's timers take. */
const milliseconds = integer(0, 2 ** 31 - 1, ' (milliseconds)')

/** `package.module`, as in a statement `import`. */
const MODULE = /^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/

const RULES: { readonly [Name in keyof WarmSettings]: Rule } = {
  max: integer(1, 1000, ''),
  after: integer(1, 1_000_000, ''),
  idleTimeout: milliseconds,
  maxAge: milliseconds,
  modules: [
    'an array of names of Python modules, such as `shop.catalogue`',
    (value) =>
      Array.isArray(value) &&
      value.every((name: unknown) => typeof name === 'string' && MODULE.test(name)),
  ],
}

/** Checks the options, and adds the defaults. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function toSettings(options: WarmOptions): WarmSettings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption('options', 'an object', options)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      const names = Object.keys(RULES).join(', ')
      throw invalidOption(name, `one of the known options (${names})`, value)
    }
    // The name was found in RULES just above.
    const [description, holds] = RULES[name as keyof WarmSettings]
    if (value !== undefined && !holds(value)) throw invalidOption(name, description, value)
  }
  const { max, after, idleTimeout, maxAge, modules } = options
  return {
    max: max ?? DEFAULTS.max,
    after: after ?? DEFAULTS.after,
    idleTimeout: idleTimeout ?? DEFAULTS.idleTimeout,
    maxAge: maxAge ?? DEFAULTS.maxAge,
    modules: [...(modules ?? DEFAULTS.modules)],
  }
}
