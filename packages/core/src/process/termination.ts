/** Process groups of scripts that are running, by the pid of their leader. */
const running = new Set<number>()

/**
 * Kills the scripts that are still running when the host exits, so that none is left an orphan. There
 * is no later any more in which to see whether they would stop when asked to.
 */
function killAll(): void {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
}

/** Keeps a process group in mind, until `exit` settles, in case the host exits before it. */
export function watchGroup(pid: number, exit: Promise<unknown>): void {
  if (running.size === 0) process.on('exit', killAll)
  running.add(pid)
  void exit.then(() => {
    running.delete(pid)
    if (running.size === 0) process.off('exit', killAll)
  })
}

/** How often the remains of a group are looked at, in milliseconds. */
const LOOK_EVERY = 50

/**
 * Stops a process group: SIGTERM to all of it, and SIGKILL to what is left of it after `killTimeout`
 * milliseconds, be it the leader or a child that the leader left behind.
 */
export function terminateGroup(pid: number, exit: Promise<unknown>, killTimeout: number): void {
  if (!signalGroup(pid, 'SIGTERM')) return
  let isKilled = false
  let look: NodeJS.Timeout | undefined
  const timer = setTimeout(() => {
    isKilled = true
    signalGroup(pid, 'SIGKILL')
    clearInterval(look)
  }, killTimeout)
  void exit.then(() => {
    if (isKilled) return
    // The end of children that are not our own makes no event; but an empty group's number may soon
    // be another's, and must not be sent anything then.
    look = setInterval(() => {
      if (signalGroup(pid, 0)) return
      clearInterval(look)
      clearTimeout(timer)
    }, LOOK_EVERY)
  })
}

/** Sends a signal to every process of a group. False where there is none left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}
