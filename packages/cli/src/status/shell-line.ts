import { quote } from '../text/shell-argument.js'

/** The command, folder and environment of a program. All are byte strings. */
export interface ShellCall {
  readonly command: readonly string[]
  /** Undefined where it does not matter. */
  readonly cwd: string | undefined
  readonly environment: Readonly<Record<string, string>>
  /** Whether the request has content, for standard input. */
  readonly hasInput: boolean
}

/**
 * A line for a POSIX shell that starts a program as the gateway does: in its folder, with its environment
 * and no other. It is ASCII except for text that is valid UTF-8, so that it can be copied as text.
 */
export function createShellLine({ command, cwd, environment, hasInput }: ShellCall): string {
  const variables = Object.entries(environment).map(([name, value]) => {
    return isName(name) ? `${name}=${quoteBytes(value)}` : quoteBytes(`${name}=${value}`)
  })
  // env(1) would read them as an option or a variable; nice(1) does not.
  const isOption = Object.keys(environment).some((name) => name.startsWith('-'))
  const isVariable = command[0]?.includes('=') ?? false
  const words = [
    'env -i',
    ...(isOption ? ['--'] : []),
    ...variables,
    ...(isVariable ? ['/usr/bin/nice -n 0'] : []),
    ...command.map(quoteBytes),
  ]
  const line = words.join(' ')
  const inFolder = cwd === undefined ? line : `(cd ${quoteBytes(cwd)} && ${line})`
  return `${inFolder}${hasInput ? '' : ' < /dev/null'}`
}

function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text)
}

/** An argument, quoted for a shell if needed. */
function quoteBytes(bytes: string): string {
  if (/^[\w./:@%+,-]+$/.test(bytes)) return bytes
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  const isText = Buffer.from(text, 'utf8').toString('latin1') === bytes
  // split() with a group: every second part is a match.
  const parts = isText ? text.split(NOT_SHOWN) : bytes.split(NOT_ASCII)
  const words = parts.map((part, index) => {
    if (index % 2 === 1) return toPrintf(Buffer.from(part, isText ? 'utf8' : 'latin1'))
    return part === '' ? '' : quote(part)
  })
  return words.join('') || "''"
}

/** Invisible characters, which cannot be copied, except newline, which $(...) would strip. */
const NOT_SHOWN = /((?:(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}])+)/u
const NOT_ASCII = /([^\n\x20-\x7e]+)/

/** A command substitution that prints the bytes. */
function toPrintf(bytes: Buffer): string {
  const digits = [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
  return `"$(printf '${digits.join('')}')"`
}
