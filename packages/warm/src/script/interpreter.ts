import { type CommandLine, type Language, languageOf } from './command-line.js'
import { readHead } from './file-head.js'
import { findInPath } from './program-search.js'
import { findDecisiveFiles, isPyenvShim, type ShimContext } from './pyenv-shim.js'

/** The interpreter of a script that can have a fork server. */
export interface Interpreter {
  readonly language: Language
  /** Absolute path; a byte string. */
  readonly program: string
  readonly flags: readonly string[]
  /** Whether it is a shim of pyenv, which adds variables to the environment. */
  readonly isShim: boolean
  /** The files that decide which program runs, beside that program; some need not be there. Byte strings. */
  readonly decisive: readonly string[]
}

/** A program and its flags, as they are in a command or a `#!` line. */
interface Invocation {
  readonly program: string
  readonly flags: readonly string[]
  readonly decisive: readonly string[]
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
 * @param context - the working directory and the variables of the script: env(1) and shims depend on them.
 * @returns the interpreter, or why the script is to be started plainly.
 */
export function findInterpreter(
  { command, script }: CommandLine,
  context: ShimContext,
): Interpreter | string {
  const found =
    command.length > 1
      ? { program: command[0], flags: command.slice(1, -1), decisive: [] }
      : readInterpreterLine(script, context.environment['PATH'])
  if (typeof found === 'string') return found
  const { program, flags } = found
  const language = languageOf(program)
  if (language === undefined) return 'it is neither Python nor Perl'
  const wrong = joinValues(flags).find((flag) => !FLAGS[language].test(flag))
  if (wrong !== undefined) return `flag ${wrong}`
  const isShim = language === 'python' && isPyenvShim(program)
  const files = isShim ? findDecisiveFiles(program, context) : []
  if (typeof files === 'string') return files
  if (!isShim && readHead(program, HEAD_SIZE).startsWith('#!')) return 'its interpreter is a script'
  const decisive = [...found.decisive, ...files]
  return perlReason(language, script) ?? { language, program, flags, isShim, decisive }
}

/** Joins flags with their values: `-X utf8` is `-Xutf8`. */
function joinValues(flags: readonly string[]): readonly string[] {
  return flags.flatMap((flag, index) => {
    if (/^-[WX]$/.test(flags[index - 1] ?? '')) return []
    return /^-[WX]$/.test(flag) ? flag + (flags[index + 1] ?? '') : flag
  })
}

/** The interpreter and its flag in the first line of a script, as the kernel and env(1) read it. */
function readInterpreterLine(script: string, searchPath: string | undefined): Invocation | string {
  const head = readHead(script, HEAD_SIZE)
  const [, program, argument] = /^#![ \t]*([^ \t\n]+)[ \t]*([^\n]*?)[ \t]*\n/.exec(head) ?? []
  if (program === undefined) return 'it has no line #!'
  if (!program.startsWith('/')) return 'its line #! has no absolute path'
  if (!program.endsWith('/env')) return { program, flags: argument ? [argument] : [], decisive: [] }
  if (!argument || !/^[^\s=-][^\s=]*$/.test(argument)) return 'its line #! has arguments of env'
  const found = findInPath(argument, searchPath)
  return found === undefined ? 'its interpreter is not in PATH' : { ...found, flags: [] }
}

/** Perl reads the `#!` line itself, also where it is called by its name: `perlrun`. */
function perlReason(language: Language, script: string): string | undefined {
  if (language !== 'perl') return undefined
  const [line] = /^#!.*/.exec(readHead(script, HEAD_SIZE)) ?? []
  if (line === undefined) return undefined
  const [found, switches = ''] = /perl[\d.]*(?:[ \t]+(.*?))?[ \t\r]*$/.exec(line) ?? []
  // It would execute that program in its own place.
  if (found === undefined) return 'its line #! names another program'
  const flags = switches.split(/[ \t]+/).filter((flag) => flag !== '')
  const wrong = flags.find((flag) => !FLAGS.perl.test(flag))
  return wrong === undefined ? undefined : `flag ${wrong}`
}
