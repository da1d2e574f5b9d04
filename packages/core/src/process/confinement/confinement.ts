import { toByteString } from '../../data/byte-string.js'
import { invalidOption } from '../../data/cgi-error.js'
import { codeOf } from '../../data/error-code.js'
import { toSystemError } from '../../data/system-error.js'
import { findProgram } from '../../options/program-search.js'
import type { Command, ScriptExit } from '../../transport/transport.js'
import { SHELL_NAME } from '../child-process/shell.js'
import { checkAccess, checkFormat, describeProgram } from '../program.js'
import { type ConfinementSettings, createParts, type Part, TOOLS } from './tools.js'
import { tryConfinement } from './trial.js'

/**
 * A command that changes nothing, for between setpriv(1) and the script. setpriv keeps its capabilities until
 * execve(2), so it could execute a script that its new user may not.
 */
const NO_CHANGE = ['nice', '-n', '0'] as const

/** The commands in front of a script, which make the kernel confine it and its children. */
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
      const [tool, ...args] = NO_CHANGE
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
      // The script's user may have access where this process has none: then the kernel decides.
      if (this.#isAnotherUser && codeOf(error) === 'EACCES') return
      throw toSystemError(error, describeProgram(program))
    }
  }
}

/** The prefixes of messages of the programs in front of a script. */
const NAMES: readonly string[] = [...TOOLS, SHELL_NAME]

/**
 * Why a confined script was never started, from its exit code and the end of its standard error; undefined if it
 * was started. A script that prints the same line is indistinguishable and is reported as not started.
 */
export function whyNotStarted(
  { exitCode }: ScriptExit,
  standardErrorTail: string,
): string | undefined {
  if (exitCode === 0 || exitCode === null) return undefined
  const line = standardErrorTail.trimEnd().split('\n').at(-1) ?? ''
  // Some tools print their path rather than their name.
  const [, name = ''] = /^(?:\/\S*\/)?([a-z-]+): /.exec(line) ?? []
  return NAMES.includes(name) ? line : undefined
}

/**
 * Creates the confinement of the settings; null if they need none. Each part is tested: one that this system
 * lacks, or that this process may not use, is an error and never ignored.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createConfinement(settings: ConfinementSettings): Confinement | null {
  let confinement: Confinement | null = null
  const parts = createParts(settings)
  // Tested with one part more each time, so that the error names the part that fails.
  for (const [index, part] of parts.entries()) {
    confinement = new Confinement(parts.slice(0, index + 1))
    const why = whyImpossible(part, confinement)
    if (why === undefined) continue
    throw invalidOption(
      part.option,
      `one that can be set on this system (${why})`,
      settings[part.option],
    )
  }
  return confinement
}

function whyImpossible({ tool, expected }: Part, confinement: Confinement): string | undefined {
  if (findProgram(tool) === undefined) return `there is no \`${tool}\` in PATH`
  const report = tryConfinement((command) => confinement.confine(command))
  if (typeof report === 'string') return report
  const [name, value] =
    Object.entries(expected).find(([entry, wanted]) => report.get(entry) !== wanted) ?? []
  return name === undefined ? undefined : `${name} is ${report.get(name)} then, not ${value}`
}
