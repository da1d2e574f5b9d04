import type { Command } from '@common-gateway/core/transport'
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { type CommandLine, type Language, languageOf } from './command-line.js'

/** The interpreter of a script that can have a fork server. */
export interface Interpreter {
  readonly language: Language
  /** Absolute path; a byte string. */
  readonly program: string
  readonly flags: readonly string[]
}

/** The flags that fork servers keep to; all else is started plainly. */
const FLAGS: Readonly<Record<Language, RegExp>> = {
  python: /^(?:-[BEIOPqsSu]+|-W.+|-Xutf8(?:=[01])?)$/,
  perl: /^-w$/,
}

/** How much the kernel reads of a `#!` line, in bytes (BINPRM_BUF_SIZE of Linux). */
const HEAD_SIZE = 256

/**
 * Finds the interpreter of a script: in its command, or in its `#!` line.
 *
 * @param searchPath - the variable PATH of the script, which env(1) uses.
 * @returns the interpreter, or why the script is to be started plainly.
 */
export function findInterpreter(
  { command, script }: CommandLine,
  searchPath: string | undefined,
): Interpreter | string {
  const given = command.length > 1 ? command.slice(0, -1) : readInterpreterLine(script, searchPath)
  if (typeof given === 'string') return given
  const [program = '', ...flags] = given
  const language = languageOf(program)
  if (language === undefined) return 'it is neither Python nor Perl'
  const wrong = joinValues(flags).find((flag) => !FLAGS[language].test(flag))
  if (wrong !== undefined) return `flag ${wrong}`
  if (isScript(program)) return 'its interpreter is a script'
  return perlReason(language, script) ?? { language, program, flags }
}

/** Joins flags with their values: `-X utf8` is `-Xutf8`. */
function joinValues(flags: readonly string[]): readonly string[] {
  return flags.flatMap((flag, index) => {
    if (/^-[WX]$/.test(flags[index - 1] ?? '')) return []
    return /^-[WX]$/.test(flag) ? flag + (flags[index + 1] ?? '') : flag
  })
}

/** The interpreter and its flag in the first line of a script, as the kernel and env(1) read it. */
function readInterpreterLine(
  script: string,
  searchPath: string | undefined,
): readonly string[] | string {
  const head = readHead(script)
  const [, program, argument] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*?)[ \t]*\n/.exec(head) ?? []
  if (program === undefined) return 'it has no line #!'
  if (!program.startsWith('/')) return 'its line #! has no absolute path'
  if (!program.endsWith('/env')) return argument ? [program, argument] : [program]
  if (!argument || !/^[^\s=-][^\s=]*$/.test(argument)) return 'its line #! has arguments of env'
  return findInPath(argument, searchPath) ?? 'its interpreter is not in PATH'
}

/** Perl reads the `#!` line itself, also where it is called by its name: `perlrun`. */
function perlReason(language: Language, script: string): string | undefined {
  if (language !== 'perl') return undefined
  const [line] = /^#!.*/.exec(readHead(script)) ?? []
  if (line === undefined) return undefined
  const [found, switches = ''] = /perl[\d.]*(?:[ \t]+(.*?))?[ \t\r]*$/.exec(line) ?? []
  // It would execute that program in its own place.
  if (found === undefined) return 'its line #! names another program'
  const flags = switches.split(/[ \t]+/).filter((flag) => flag !== '')
  const wrong = flags.find((flag) => !FLAGS.perl.test(flag))
  return wrong === undefined ? undefined : `flag ${wrong}`
}

function findInPath(name: string, searchPath: string | undefined): Command | undefined {
  if (name.includes('/')) return name.startsWith('/') ? [name] : undefined
  for (const folder of (searchPath ?? '').split(':')) {
    if (folder.startsWith('/') && isProgram(`${folder}/${name}`)) return [`${folder}/${name}`]
  }
  return undefined
}

function isProgram(file: string): boolean {
  try {
    accessSync(toBytes(file), constants.X_OK)
    return statSync(toBytes(file)).isFile()
  } catch {
    return false
  }
}

/** Such as the shims of pyenv and plenv. */
function isScript(program: string): boolean {
  return readHead(program).startsWith('#!')
}

/** The first bytes of a file; empty if it cannot be read. */
function readHead(file: string): string {
  let descriptor: number | undefined
  try {
    descriptor = openSync(toBytes(file), constants.O_RDONLY | constants.O_NONBLOCK)
    const head = Buffer.alloc(HEAD_SIZE)
    return head.toString('latin1', 0, readSync(descriptor, head, 0, HEAD_SIZE, 0))
  } catch {
    return ''
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function toBytes(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1')
}
