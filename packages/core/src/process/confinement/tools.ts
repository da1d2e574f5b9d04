import { spawnSync } from 'node:child_process'
import { getPriority } from 'node:os'
import { invalidOption } from '../../data/cgi-error.js'
import { CONFINEMENT_OPTIONS } from '../../options/process-options.js'
import { findProgram } from '../../options/program-search.js'
import { type Identity, resolveIdentity } from './identity.js'

/** The options for limits and identities that the kernel enforces. */
export interface ConfinementSettings {
  readonly cpuTimeLimit?: number | undefined
  readonly memoryLimit?: number | undefined
  readonly openFileLimit?: number | undefined
  readonly fileSizeLimit?: number | undefined
  readonly user?: string | number | undefined
  readonly group?: string | number | undefined
  readonly nice?: number | undefined
}

/**
 * Programs that set an attribute of their own process and then execute the next program, in this order: nice(1)
 * and setpriv(1) may need root, which setpriv(1) gives up.
 */
export const TOOLS = ['nice', 'setpriv', 'prlimit'] as const

type Tool = (typeof TOOLS)[number]

/** The arguments that one option adds to one tool. */
export interface Part {
  readonly option: keyof ConfinementSettings
  readonly tool: Tool
  readonly args: readonly string[]
  /** The entries of /proc/self that show its effect. */
  readonly expected: Readonly<Record<string, string>>
}

/**
 * The parts that the settings ask for, in the order in which they are tried: the limits come last, since the
 * tools run under them.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION: not on Linux; no such user or group.
 */
export function createParts(settings: ConfinementSettings): Part[] {
  const { cpuTimeLimit, memoryLimit, openFileLimit, fileSizeLimit, nice } = settings
  checkPlatform(settings)
  const identity = resolveIdentity(settings.user, settings.group)
  const seconds = Math.ceil((cpuTimeLimit ?? 0) / 1000)
  return [
    nice === undefined ? [] : nicenessPart(nice),
    identity === undefined ? [] : identityPart(identity),
    // SIGXCPU comes at the soft limit, SIGKILL at the hard one (setrlimit(2)): a second to clean up.
    limitPart('cpuTimeLimit', '--cpu', 'Max cpu time', seconds, seconds + 1),
    limitPart('openFileLimit', '--nofile', 'Max open files', openFileLimit),
    limitPart('fileSizeLimit', '--fsize', 'Max file size', fileSizeLimit),
    limitPart('memoryLimit', '--as', 'Max address space', memoryLimit),
  ].flat()
}

function checkPlatform(settings: ConfinementSettings): void {
  if (process.platform === 'linux') return
  for (const option of CONFINEMENT_OPTIONS) {
    const value = settings[option]
    const isSet = value !== undefined && (value !== 0 || !option.endsWith('Limit'))
    if (isSet) throw invalidOption(option, `absent on ${process.platform}`, value)
  }
}

function nicenessPart(niceness: number): Part {
  // nice(1) adds to the niceness of this process.
  const args = ['-n', String(niceness - getPriority())]
  return { option: 'nice', tool: 'nice', args, expected: { Niceness: String(niceness) } }
}

function identityPart({ uid, gid, groups }: Identity): Part {
  const list = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`
  const args = [`--regid=${gid}`, list, ...(hasParentDeathSignal() ? ['--pdeathsig=KILL'] : [])]
  const expected: Record<string, string> = { Gid: fourTimes(gid), Groups: groups.join(' ') }
  if (uid === undefined) return { option: 'group', tool: 'setpriv', args, expected }
  // This process, if not root, would pass on its ambient capabilities. The bounding set stays, so that setuid
  // programs work: scripts send mail through them.
  args.push(`--reuid=${uid}`, '--inh-caps=-all')
  expected['Uid'] = fourTimes(uid)
  if (uid !== 0)
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) expected[set] = NO_CAPABILITIES
  return { option: 'user', tool: 'setpriv', args, expected }
}

/**
 * Whether setpriv(1) has `--pdeathsig`, with which the kernel kills a script when the thread that started it ends
 * (by SIGKILL, or by `worker.terminate()`). busybox lacks it.
 */
function hasParentDeathSignal(): boolean {
  const { stdout } = spawnSync(findProgram('setpriv') ?? 'setpriv', ['--help'], {
    cwd: '/',
    env: {},
    encoding: 'latin1',
  })
  // Null if setpriv could not be executed; the trial reports that.
  return stdout?.includes('--pdeathsig') ?? false
}

/** An empty set of capabilities. */
const NO_CAPABILITIES = '0'.repeat(16)

/** The real, effective, saved and file system id, as /proc/self/status has them. */
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
  const args = [`${flag}=${soft}:${hard}`]
  return [{ option, tool: 'prlimit', args, expected: { [name]: `${soft} ${hard}` } }]
}
