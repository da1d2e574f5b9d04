/** What a script of the suite says about itself, in lines `#: KEY VALUE`. */
export interface Declarations {
  /** What the request has as its body; none: the null device is its standard input. */
  readonly body: Body | undefined
  /** Parts of the output that differ by nature, such as a process id. */
  readonly masks: readonly RegExp[]
  /** Parts that differ between plain and warm, each by a row of {@link VISIBLE_DIFFERENCES}. */
  readonly visible: readonly VisiblePart[]
  /** Why the script is never warm; undefined: it must be. */
  readonly plain: string | undefined
  /** Whether no two runs may have the same output. */
  readonly isRandom: boolean
  /** Whether the script is in the part of the suite that `npm test` runs. */
  readonly isQuick: boolean
  /** Whether its comparison has not succeeded yet: tests leave it out, unless the variable `PENDING` is set. */
  readonly isPending: boolean
  /** Variables that are the same in each request. */
  readonly variables: Readonly<Record<string, string>>
  /** Modules that have to be installed. */
  readonly modules: readonly string[]
  /** The first version of the interpreter that can run the script, such as `3.11`. */
  readonly since: string | undefined
}

export interface Body {
  readonly type: 'pipe' | 'file'
  readonly content: string
}

interface VisiblePart {
  readonly difference: string
  readonly pattern: RegExp
}

const KEYS = new Set([
  'body',
  'mask',
  'visible',
  'plain',
  'random',
  'quick',
  'pending',
  'variable',
  'needs',
  'since',
])

/** Reads the declarations of a script. @throws {Error} for a line that has no meaning. */
export function readDeclarations(text: string): Declarations {
  const values = new Map<string, string[]>([...KEYS].map((key) => [key, []]))
  for (const [, key = '', value = ''] of text.matchAll(/^#: *(\S+) ?(.*)$/gm)) {
    const known = values.get(key)
    if (known === undefined) throw new Error(`no such declaration: ${key}`)
    known.push(value)
  }
  const all = (key: string): readonly string[] => values.get(key) ?? []
  return {
    body: all('body').map(readBody)[0],
    masks: all('mask').map(toPattern),
    visible: all('visible').map(readVisiblePart),
    plain: all('plain')[0],
    isRandom: all('random').length > 0,
    isQuick: all('quick').length > 0,
    isPending: all('pending').length > 0,
    variables: Object.fromEntries(all('variable').map(splitVariable)),
    modules: all('needs'),
    since: all('since')[0],
  }
}

/** `pipe a=1`, or `file *1000000` for so many bytes. */
function readBody(value: string): Body {
  const [, type, repeated, text = ''] = /^(pipe|file) (?:\*(\d+)|(.*))$/.exec(value) ?? []
  if (type !== 'pipe' && type !== 'file') throw new Error(`no such body: ${value}`)
  const content = repeated === undefined ? text : '0123456789abcde\n'.repeat(Number(repeated) / 16)
  return { type, content }
}

/** `name of the difference: pattern` */
function readVisiblePart(value: string): VisiblePart {
  const [, difference = '', pattern = ''] = /^([^:]+): (.*)$/.exec(value) ?? []
  return { difference, pattern: toPattern(pattern) }
}

function toPattern(source: string): RegExp {
  return new RegExp(source, 'gm')
}

function splitVariable(value: string): readonly [string, string] {
  const at = value.indexOf('=')
  return [value.slice(0, at), value.slice(at + 1)]
}
