import { spawnSync } from 'node:child_process'
import { getPriority } from 'node:os'
import { toByteString } from '../../data/byte-string.js'
import { invalidOption } from '../../data/cgi-error.js'
import { findProgram } from '../../options/program-search.js'
import { toSystemError } from '../../data/system-error.js'
import type { Command, ScriptExit } from '../../transport/transport.js'
import { tryConfinement } from './trial.js'
import { type Identity, resolveIdentity } from './identity.js'
import { checkAccess, checkFormat, describeProgram } from '../program.js'
import { type Invocation, SHELL_NAME, throughShell } from '../child-process/shell.js'

/** What the kernel is to hold scripts to; the options of the same names. */
export interface ConfinementSettings {
  readonly cpuTimeLimit?: number | undefined
  readonly memoryLimit?: number | undefined
  readonly openFileLimit?: number | undefined
  readonly fileSizeLimit?: number | undefined
  readonly user?: string | number | undefined
  readonly group?: string | number | undefined
  readonly umask?: number | undefined
  readonly nice?: number | undefined
}

/**
 * Programs that change themselves and then become the next, in this order: the superuser's rights are
 * needed for the first two, and are not for a shell that meets variables of a request.
 */
const TOOLS = ['nice', 'setpriv', 'prlimit', 'shell'] as const

/**
 * Changes nothing. setpriv(1) keeps its capabilities until it becomes the next program, and would start
 * what its new user may not start: so another comes between it and the script.
 */
const NEUTRAL = ['nice', '-n', '0'] as const

/** What is asked of the kernel by one option. */
interface Part {
  readonly option: keyof ConfinementSettings
  readonly tool: (typeof TOOLS)[number]
  /** The words that the tool is told it with. */
  readonly words: readonly string[]
  /** What the kernel says of a process then. */
  readonly expected: Readonly<Record<string, string>>
}

/** What the kernel holds scripts to, from before their first instruction, and all their children. */
export class Confinement {
  readonly #words: readonly string[]
  readonly #shellWords: string | undefined
  readonly #isSomebodyElse: boolean

  constructor(parts: readonly Part[]) {
    const has = (tool: Part['tool']): boolean => parts.some((part) => part.tool === tool)
    this.#isSomebodyElse = has('setpriv')
    const words = TOOLS.flatMap((tool) => {
      if (tool === 'shell' || !has(tool)) return []
      const own = parts.filter((part) => part.tool === tool)
      return [toolPath(tool) ?? tool, ...own.flatMap((part) => part.words)]
    })
    if (has('setpriv') && !has('prlimit') && !has('shell')) {
      const [tool, ...rest] = NEUTRAL
      words.push(toolPath(tool) ?? tool, ...rest)
    }
    this.#words = words.map(toByteString)
    this.#shellWords = parts.find(({ tool }) => tool === 'shell')?.words.join(' ')
  }

  /**
   * Puts what confines a program in front of it.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES, CGI_ERR_ENVIRONMENT
   */
  confine(invocation: Invocation): Invocation {
    this.#check(invocation.command[0])
    const { command, environment } =
      this.#shellWords === undefined
        ? invocation
        : throughShell(invocation, () => true, this.#shellWords)
    return { command: prepend(this.#words, command), environment }
  }

  /** An errno that the system gives to what comes before a program is lost; so it is asked for first. */
  #check(program: string): void {
    try {
      checkFormat(program)
      checkAccess(program)
    } catch (error) {
      // What somebody else may reach is not what we may reach: the kernel will tell.
      const isAccess = error instanceof Error && 'code' in error && error.code === 'EACCES'
      if (this.#isSomebodyElse && isAccess) return
      throw toSystemError(error, describeProgram(program))
    }
  }
}

/** How those that come before a script call themselves in what they say. */
const NAMES: readonly string[] = TOOLS.map((tool) => (tool === 'shell' ? SHELL_NAME : tool))

/**
 * Why a confined script was never started, by how its process ended and by the end of what it wrote to
 * its standard error; undefined where it was. One that says the same in the same way is believed.
 */
export function whyNotStarted(
  { exitCode }: ScriptExit,
  standardErrorTail: string,
): string | undefined {
  if (exitCode === 0 || exitCode === null) return undefined
  const line = standardErrorTail.trimEnd().split('\n').at(-1) ?? ''
  // Some call themselves by their path.
  const [, name = ''] = /^(?:\/\S*\/)?([a-z-]+): /.exec(line) ?? []
  return NAMES.includes(name) ? line : undefined
}

/**
 * Makes what the settings ask for; null where they ask for nothing. Each part is tried: what this
 * system cannot do, or this host may not, is refused and never ignored.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createConfinement(settings: ConfinementSettings): Confinement | null {
  let confinement: Confinement | null = null
  const parts = toParts(settings)
  // One more each time: so the part that does not go with those before it can be named.
  for (const [index, part] of parts.entries()) {
    confinement = new Confinement(parts.slice(0, index + 1))
    const why = whyImpossible(part, confinement)
    if (why === undefined) continue
    throw invalidOption(part.option, `what this host can set (${why})`, settings[part.option])
  }
  return confinement
}

function whyImpossible({ tool, expected }: Part, confinement: Confinement): string | undefined {
  if (toolPath(tool) === undefined) return `there is no \`${tool}\` in PATH`
  const report = tryConfinement((invocation) => confinement.confine(invocation))
  if (typeof report === 'string') return report
  const [name, value] =
    Object.entries(expected).find(([each, wanted]) => report.get(each) !== wanted) ?? []
  return name === undefined ? undefined : `${name} is ${report.get(name)} then, not ${value}`
}

/** In the order in which they are tried: the tools themselves must live with the limits. */
function toParts(settings: ConfinementSettings): Part[] {
  const { cpuTimeLimit, memoryLimit, openFileLimit, fileSizeLimit, umask, nice } = settings
  checkPlatform(settings)
  const identity = resolveIdentity(settings.user, settings.group)
  const seconds = Math.ceil((cpuTimeLimit ?? 0) / 1000)
  return [
    nice === undefined ? [] : nicenessPart(nice),
    umask === undefined ? [] : umaskPart(umask),
    identity === undefined ? [] : identityPart(identity),
    // At the hard limit there is no signal but SIGKILL (setrlimit(2)): a second for SIGXCPU.
    limitPart('cpuTimeLimit', '--cpu', 'Max cpu time', seconds, seconds + 1),
    limitPart('openFileLimit', '--nofile', 'Max open files', openFileLimit),
    limitPart('fileSizeLimit', '--fsize', 'Max file size', fileSizeLimit),
    limitPart('memoryLimit', '--as', 'Max address space', memoryLimit),
  ].flat()
}

function checkPlatform(settings: ConfinementSettings): void {
  if (process.platform === 'linux') return
  for (const option of OPTIONS) {
    const value = settings[option]
    const isAsked = value !== undefined && (value !== 0 || !option.endsWith('Limit'))
    if (isAsked) throw invalidOption(option, `absent on ${process.platform}`, value)
  }
}

const OPTIONS = [
  'cpuTimeLimit',
  'memoryLimit',
  'openFileLimit',
  'fileSizeLimit',
  'user',
  'group',
  'umask',
  'nice',
] as const satisfies (keyof ConfinementSettings)[]

function nicenessPart(niceness: number): Part {
  // nice(1) counts from its own, which is the host's.
  const words = ['-n', String(niceness - getPriority())]
  return { option: 'nice', tool: 'nice', words, expected: { Niceness: String(niceness) } }
}

function umaskPart(umask: number): Part {
  const digits = umask.toString(8).padStart(4, '0')
  return {
    option: 'umask',
    tool: 'shell',
    words: ['umask', digits],
    expected: { Umask: digits },
  }
}

function identityPart({ uid, gid, groups }: Identity): Part {
  const list = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`
  const words = [`--regid=${gid}`, list, ...(endsWithParent() ? ['--pdeathsig=KILL'] : [])]
  const expected: Record<string, string> = { Gid: fourTimes(gid), Groups: groups.join(' ') }
  if (uid === undefined) return { option: 'group', tool: 'setpriv', words, expected }
  // A host that is not the superuser would hand its ambient capabilities on. Those of programs that
  // are setuid stay possible: scripts send mail by them.
  words.push(`--reuid=${uid}`, '--inh-caps=-all')
  expected['Uid'] = fourTimes(uid)
  if (uid !== 0) for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expected[set] = NONE
  return { option: 'user', tool: 'setpriv', words, expected }
}

/**
 * Whether setpriv(1) can have the kernel kill a script when the thread that started it ends: the host was
 * killed, or a worker thread terminated. That of busybox cannot.
 */
function endsWithParent(): boolean {
  const { stdout } = spawnSync(toolPath('setpriv') ?? 'setpriv', ['--help'], {
    cwd: '/',
    env: {},
    encoding: 'latin1',
  })
  // Null where it could not be run, which is told when it is tried.
  return stdout?.includes('--pdeathsig') ?? false
}

/** An empty set of capabilities. */
const NONE = '0'.repeat(16)

/** The real, effective, saved and file system's number. */
function fourTimes(id: number): string {
  return Array.from({ length: 4 }, () => id).join(' ')
}

function limitPart(
  option: keyof ConfinementSettings,
  flag: string,
  name: string,
  soft = 0,
  hard = soft,
): Part[] {
  if (soft === 0) return []
  const words = [`${flag}=${soft}:${hard}`]
  return [{ option, tool: 'prlimit', words, expected: { [name]: `${soft} ${hard}` } }]
}

function toolPath(tool: Part['tool']): string | undefined {
  return tool === 'shell' ? '/bin/sh' : findProgram(tool)
}

function prepend([first, ...rest]: readonly string[], command: Command): Command {
  return first === undefined ? command : [first, ...rest, ...command]
}
