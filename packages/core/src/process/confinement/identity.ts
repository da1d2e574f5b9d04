import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { invalidOption } from '../../data/cgi-error.js'
import { findProgram } from '../../options/program-search.js'

/** Whom a script runs as, in numbers. */
export interface Identity {
  /** Undefined: as the host. */
  readonly uid: number | undefined
  readonly gid: number
  /** All groups, in ascending order. */
  readonly groups: readonly number[]
}

type Name = string | number

/**
 * Looks a user and a group up. Undefined where neither is given.
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

function resolveUser(user: Name, ownGroup: number | undefined): Identity {
  const [name, , uid, primary] = lookUp('passwd', user)
  if (name === undefined) {
    if (typeof user === 'string') throw invalidOption('user', 'a user of this system', user)
    if (ownGroup === undefined) {
      throw invalidOption('user', 'together with `group`, as it has no account', user)
    }
    return checkStoppable(user, { uid: user, gid: ownGroup, groups: [] })
  }
  const gid = ownGroup ?? Number(primary)
  // Its primary group, which the list begins with, is not among those that it keeps for another.
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

/** The fields of an entry in the system's databases, wherever it keeps them. */
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

/** A host that is not the superuser may be able to become another, and yet not to stop what it started. */
function checkStoppable(user: Name, identity: Identity): Identity {
  const [, capabilities = '0'] =
    /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
  const isOwn = identity.uid === process.getuid?.() || identity.uid === process.geteuid?.()
  if (isOwn || (BigInt(`0x${capabilities}`) & CAP_KILL) !== 0n) return identity
  throw invalidOption('user', 'one whose processes the host may stop (CAP_KILL)', user)
}
