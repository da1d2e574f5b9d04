import { execFileSync, spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import type { Test } from 'tap'
import { until } from '../../support/processes.js'

/** A machine of its own, as far as the network is concerned. */
export interface Machine {
  /** Of its network interface. */
  readonly host: string
  /** Before a command that is to run there. */
  readonly prefix: readonly [string, ...string[]]
  /** Its end of the cable goes down: packets to it are lost, as behind a switch. */
  cutCable(): void
  plugCable(): void
}

const networkOf = (pid: number | 'self'): string => readlinkSync(`/proc/${pid}/ns/net`)

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

/** A network namespace with a cable to this one; it ends with the test. */
export async function makeMachine(t: Test, number: number): Promise<Machine> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' })
  t.after(() => holder.kill())
  const { pid } = holder
  if (pid === undefined) throw new Error('unshare cannot be started')
  await until(() => networkOf(pid) !== networkOf('self'), 'it has a network of its own')
  const prefix = ['nsenter', `--net=/proc/${pid}/ns/net`] as const
  const there = (...args: string[]): void => {
    const [program, ...first] = prefix
    execFileSync(program, [...first, 'ip', ...args], { stdio: 'pipe' })
  }
  const cable = `machine${number}`
  const host = `10.213.${number}.2`
  ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid))
  ip('address', 'add', `10.213.${number}.1/24`, 'dev', cable)
  ip('link', 'set', cable, 'up')
  there('address', 'add', `${host}/24`, 'dev', 'eth0')
  there('link', 'set', 'lo', 'up')
  there('link', 'set', 'eth0', 'up')
  return {
    host,
    prefix,
    cutCable: () => there('link', 'set', 'eth0', 'down'),
    plugCable: () => there('link', 'set', 'eth0', 'up'),
  }
}
