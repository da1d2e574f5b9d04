import { readdirSync, readFileSync } from 'node:fs'

/** No more than one part in so many of the time is spent on looking at all processes. */
const SHARE = 50

/** What is known of the processes of a group. */
interface Members {
  hasZombie: boolean
  isAlive: boolean
}

/** What was seen at the last look, which is for all who ask. */
let groups: ReadonlyMap<number, Members> = new Map()
/** When the next look may be, by `performance.now()`. */
let nextLook = 0

/**
 * Whether nothing is left of a process group but zombies: processes that have ended, and that their parent
 * has not waited for. Signals still find them. The first process of a container inherits those that scripts
 * leave behind, and many a program that runs there never waits for them. Linux only: elsewhere false.
 *
 * All processes have to be looked at, so where there are many it is done less often, and the answer is false
 * meanwhile.
 */
export function hasOnlyZombies(group: number): boolean {
  const start = performance.now()
  if (start >= nextLook) {
    groups = look()
    const end = performance.now()
    nextLook = end + SHARE * (end - start)
  }
  const members = groups.get(group)
  return members !== undefined && members.hasZombie && !members.isAlive
}

function look(): ReadonlyMap<number, Members> {
  const seen = new Map<number, Members>()
  for (const name of listProcesses()) {
    if (!/^\d+$/.test(name)) continue
    const process = readProcess(name)
    if (process === undefined) continue
    const members = seen.get(process.group) ?? { hasZombie: false, isAlive: false }
    if (process.isZombie) members.hasZombie = true
    else members.isAlive = true
    seen.set(process.group, members)
  }
  return seen
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc')
  } catch {
    // There is none on macOS.
    return []
  }
}

/** Undefined where it has gone meanwhile. */
function readProcess(name: string): { group: number; isZombie: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'latin1')
    // The name of a program, which comes second, may have blanks and parentheses in it: proc_pid_stat(5).
    const [state, , group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // The first thread of a process may end before the others.
    const threads = Number(rest[14])
    return { group: Number(group), isZombie: (state === 'Z' || state === 'X') && threads <= 1 }
  } catch {
    return undefined
  }
}
