import type { Command } from '@common-gateway/core/transport'
import path from 'node:path'

/** A command that is taken apart, without a look at any file. */
export interface CommandLine {
  /** The program and its arguments, up to the script: what is the same in each request. */
  readonly command: Command
  /** Absolute path of the script; a byte string. */
  readonly script: string
  /** The arguments of the query (RFC 3875 section 4.4). */
  readonly args: readonly string[]
}

/** The names of programs that are interpreters, with their versions. */
const LANGUAGES: readonly (readonly [language: Language, name: RegExp])[] = [
  ['python', /^python(?:3(?:\.\d+)?)?$/],
  ['perl', /^perl[\d.]*$/],
]

/** Flags of Python whose value is the next argument. */
const TAKES_VALUE = /^-[A-Za-z]*[WX]$/

/** The languages that have a fork server. */
export type Language = 'python' | 'perl'

/** The language of an interpreter, by its name; undefined for another program. */
export function languageOf(program: string): Language | undefined {
  const name = path.posix.basename(program)
  return LANGUAGES.find(([, pattern]) => pattern.test(name))?.[0]
}

/** Takes a command apart: a script alone, or an interpreter, its flags, and the script. */
export function splitCommand(command: Command): CommandLine {
  const [program, ...rest] = command
  if (languageOf(program) === undefined) return { command: [program], script: program, args: rest }
  const index = rest.findIndex(
    (argument, at) => !argument.startsWith('-') && !TAKES_VALUE.test(rest[at - 1] ?? ''),
  )
  const script = rest[index]
  // An interpreter without a script: a script has its name, or the script comes through standard input.
  if (script === undefined) return { command, script: program, args: [] }
  return {
    command: [program, ...rest.slice(0, index + 1)],
    script,
    args: rest.slice(index + 1),
  }
}
