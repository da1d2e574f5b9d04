import { toByteString } from '../../data/byte-string.js'
import { invalidOption } from '../../data/cgi-error.js'
import { toSystemError } from '../../data/system-error.js'
import { findProgram } from '../../options/program-search.js'
import type { Command, ScriptExit } from '../../transport/transport.js'
import { SHELL_NAME } from '../child-process/shell.js'
import { checkAccess, checkFormat, describeProgram } from '../program.js'
import { type ConfinementSettings, createParts, type Part, TOOLS } from './tools.js'
import { tryConfinement } from './trial.js'

/**
 * An argument list that changes nothing. setpriv(1) keeps its capabilities until it executes the next program,
 * and would execute what its new user may not: so this comes between setpriv and the script.
 */
const NEUTRAL = ['nice', '-n', '0'] as const

/** The command line in front of a script, by which the kernel confines it and all its children. */
export class Confinement {
  readonly #prefix: readonly string[]
  readonly #isAnotherUser: boolean

  constructor(parts: readonly Part[]) {
    const commands = TOOLS.map((tool) => {
      const args = parts.filter((part) => part.tool === tool).flatMap((part) => part.args)
      return args.length === 0 ? [] : [findProgram(tool) ?? tool, ...args]
    })
    const [, setpriv = [], prlimit = []] = commands
    this.#isAnotherUser = setpriv.length > 0
    if (this.#isAnotherUser && prlimit.length === 0) {
      const [tool, ...args] = NEUTRAL
      commands.push([findProgram(tool) ?? tool, ...args])
    }
    this.#prefix = commands.flat().map(toByteString)
  }

  /**
   * Puts the prefix in front of a command.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES
   */
  confine(command: Command): Command {
    this.#check(command[0])
    const [first, ...rest] = this.#prefix
    return first === undefined ? command : [first, ...rest, ...command]
  }

  /** The errno of execve(2) is lost in the tools of the prefix, so the program is checked before. */
  #check(program: string): void {
    try {
      checkFormat(program)
      checkAccess(program)
    } catch (error) {
      // Another user may reach what this process may not; then the kernel decides.
      const isAccess = error instanceof Error && 'code' in error && error.code === 'EACCES'
      if (this.#isAnotherUser && isAccess) return
      throw toSystemError(error, describeProgram(program))
    }
  }
}

/** The names by which the programs in front of a script begin their messages. */
const NAMES: readonly string[] = [...TOOLS, SHELL_NAME]

/**
 * Why a confined script was never started, by its exit code and the end of its standard error; undefined where
 * it was started. A script that prints the same line is indistinguishable and is reported as not started.
 */
export function whyNotStarted(
  { exitCode }: ScriptExit,
  standardErrorTail: string,
): string | undefined {
  if (exitCode === 0 || exitCode === null) return undefined
  const line = standardErrorTail.trimEnd().split('\n').at(-1) ?? ''
  // Some tools print the path by which they were executed.
  const [, name = ''] = /^(?:\/\S*\/)?([a-z-]+): /.exec(line) ?? []
  return NAMES.includes(name) ? line : undefined
}

/**
 * Creates the confinement that the settings ask for; null where they ask for none. Each part is tried: what
 * this system cannot do, or this process may not, is refused and never ignored.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createConfinement(settings: ConfinementSettings): Confinement | null {
  let confinement: Confinement | null = null
  const parts = createParts(settings)
  // One more part each time, so that the error names the part that does not go with those before it.
  for (const [index, part] of parts.entries()) {
    confinement = new Confinement(parts.slice(0, index + 1))
    const why = whyImpossible(part, confinement)
    if (why === undefined) continue
    throw invalidOption(part.option, `what this host can set (${why})`, settings[part.option])
  }
  return confinement
}

function whyImpossible({ tool, expected }: Part, confinement: Confinement): string | undefined {
  if (findProgram(tool) === undefined) return `there is no \`${tool}\` in PATH`
  const report = tryConfinement((command) => confinement.confine(command))
  if (typeof report === 'string') return report
  const [name, value] =
    Object.entries(expected).find(([each, wanted]) => report.get(each) !== wanted) ?? []
  return name === undefined ? undefined : `${name} is ${report.get(name)} then, not ${value}`
}
