import { readdirSync, readFileSync } from 'node:fs'

/** At most one fiftieth of the time is spent on reading /proc. */
const REST_PER_SCAN = 50

/** The processes of a group. */
interface Members {
  hasZombie: boolean
  isAlive: boolean
}

/** The groups found by the last scan, shared by all callers. */
let groups: ReadonlyMap<number, Members> = new Map()
/** When the next scan may begin, by `performance.now()`. */
let nextScan = 0

/**
 * Whether all processes of a group are zombies: they have ended, but their parent has not waited for them, and
 * kill(2) still succeeds. The first process of a container inherits the children that scripts leave behind, and
 * many programs that run as pid 1 never wait for them. Linux only: elsewhere false.
 *
 * A scan reads all processes. Where there are many, scans are less frequent, and the result lags behind.
 */
export function hasOnlyZombies(group: number): boolean {
  const start = performance.now()
  if (start >= nextScan) {
    groups = scan()
    const end = performance.now()
    nextScan = end + REST_PER_SCAN * (end - start)
  }
  const members = groups.get(group)
  return members !== undefined && members.hasZombie && !members.isAlive
}

function scan(): ReadonlyMap<number, Members> {
  const found = new Map<number, Members>()
  for (const name of listProcesses()) {
    if (!/^\d+$/.test(name)) continue
    const process = readProcess(name)
    if (process === undefined) continue
    const members = found.get(process.group) ?? { hasZombie: false, isAlive: false }
    if (process.isZombie) members.hasZombie = true
    else members.isAlive = true
    found.set(process.group, members)
  }
  return found
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc')
  } catch {
    // macOS has no /proc.
    return []
  }
}

/** Undefined if the process is gone. */
function readProcess(name: string): { group: number; isZombie: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'latin1')
    // The name of the program, the second field, may contain blanks and parentheses: proc_pid_stat(5).
    const [state, , group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // The main thread may end before other threads; the process is no zombie then.
    const threads = Number(rest[14])
    return { group: Number(group), isZombie: (state === 'Z' || state === 'X') && threads <= 1 }
  } catch {
    return undefined
  }
}
