import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Whether a process is there and not a zombie. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The processes that this one has started and not reaped, zombies among them. */
export function childrenOf(pid: number): number[] {
  const children: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      if (/^PPid:\s+(\d+)/m.exec(status)?.[1] === String(pid)) children.push(Number(name))
    } catch {
      // It ended while we looked.
    }
  }
  return children
}

/** The command line of a process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

/** The descriptors that a process has open. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)]
    } catch {
      return []
    }
  })
}

/** The processes that have these bytes in their environment, whatever has started them. */
export function processesWith(variable: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(variable)
        ? [Number(name)]
        : []
    } catch {
      // It ended while we looked.
      return []
    }
  })
}

/** Looks until something holds; the end of a process that is not our child makes no event. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  most = 600,
): Promise<void> {
  for (let looks = 0; looks < most; looks += 1) {
    if (await holds()) return
    await delay(25)
  }
  throw new Error(`it never came true that ${what}`)
}

/** Waits for the end of processes. */
export async function untilGone(...pids: number[]): Promise<void> {
  await until(() => !pids.some(isRunning), `${pids.join(', ')} have ended`)
}

/** The processes whose command has this file. */
export function processesOf(script: string): number[] {
  const pids = readdirSync('/proc').map(Number)
  return pids.filter((pid) => pid > 0 && commandOf(pid).includes(script))
}
