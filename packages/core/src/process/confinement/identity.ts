import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { invalidOption } from '../../data/cgi-error.js'
import { findProgram } from '../../options/program-search.js'

/** The user and the groups of a script, by number. */
export interface Identity {
  /** Undefined: the user of this process. */
  readonly uid: number | undefined
  readonly gid: number
  /** The supplementary groups, in ascending order. */
  readonly groups: readonly number[]
}

/** A name or a number of a user or group. */
type Name = string | number

/**
 * Looks up a user and a group. Undefined where neither is given.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function resolveIdentity(
  user: Name | undefined,
  group: Name | undefined,
): Identity | undefined {
  const gid = group === undefined ? undefined : resolveGroup(group)
  if (user !== undefined) return resolveUser(user, gid)
  return gid === undefined ? undefined : { uid: undefined, gid, groups: [] }
}

function resolveUser(user: Name, givenGroup: number | undefined): Identity {
  const [name, , uid, primary] = lookUp('passwd', user)
  if (name === undefined) {
    if (typeof user === 'string') throw invalidOption('user', 'a user of this system', user)
    if (givenGroup === undefined) {
      throw invalidOption('user', 'together with `group`, as it has no account', user)
    }
    return checkStoppable(user, { uid: user, gid: givenGroup, groups: [] })
  }
  const gid = givenGroup ?? Number(primary)
  // `id -G` begins with the primary group, which `group` replaces.
  const [, ...others] = run('id', ['-G', '--', name]).trim().split(/\s+/).map(Number)
  const groups = [...new Set([gid, ...others])].toSorted((a, b) => a - b)
  return checkStoppable(user, { uid: Number(uid), gid, groups })
}

function resolveGroup(group: Name): number {
  const [name, , gid] = lookUp('group', group)
  if (name !== undefined) return Number(gid)
  if (typeof group === 'number') return group
  throw invalidOption('group', 'a group of this system', group)
}

/** The fields of an entry of getent(1), which reads all configured databases (nsswitch.conf(5)). */
function lookUp(database: 'passwd' | 'group', name: Name): string[] {
  const line = run('getent', [database, '--', String(name)]).trim()
  return line === '' ? [] : line.split(':')
}

function run(tool: string, args: string[]): string {
  const program = findProgram(tool)
  if (program === undefined) return ''
  return spawnSync(program, args, { cwd: '/', env: {}, encoding: 'utf8' }).stdout ?? ''
}

/** The bit of CAP_KILL (capabilities(7)). */
const CAP_KILL = 1n << 5n

/** A process that is not root may be able to change its user (CAP_SETUID), and yet not to signal the script. */
function checkStoppable(user: Name, identity: Identity): Identity {
  const [, capabilities = '0'] =
    /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  const isOwn = identity.uid === process.getuid?.() || identity.uid === process.geteuid?.()
  if (isOwn || (BigInt(`0x${capabilities}`) & CAP_KILL) !== 0n) return identity
  throw invalidOption('user', 'one whose processes this process may stop (CAP_KILL)', user)
}
