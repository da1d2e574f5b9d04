import { readFileSync } from 'node:fs'

/** Stops a process, and kills its children and their process groups, synchronously. */
export function killChildren(pid: number): void {
  // It makes no more of them.
  send(pid, 'SIGSTOP')
  for (const child of childrenOf(pid)) {
    send(-child, 'SIGKILL')
    send(child, 'SIGKILL')
  }
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal)
  } catch {
    // ESRCH: it has ended, or leads no group yet.
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return text.split(' ').map(Number).filter(Boolean)
  } catch {
    // It has ended, or the kernel was built without CONFIG_PROC_CHILDREN.
    return []
  }
}
