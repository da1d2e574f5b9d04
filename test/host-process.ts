import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Adapter } from './adapters.js'
import type { Peer } from './client.js'
import { CGI_BIN } from './fixtures.js'

/** What a host says of itself. */
export interface HostReport {
  readonly residentBytes: number
  /** Exceptions, rejections and warnings that nobody has taken care of. */
  readonly incidents: readonly string[]
  /** Scripts that run, and requests that wait for one to end. */
  readonly running: number
  readonly queued: number
}

/** A host in a process of its own. */
export interface HostProcess extends Peer {
  readonly pid: number
  /** `collect`: after a garbage collection, and without what has been logged. */
  report(collect?: boolean): Promise<HostReport>
  /** Resident memory after a garbage collection, in bytes. */
  resident(): Promise<number>
  /** @throws where it does not end by itself; it is killed then. */
  stop(): Promise<void>
}

/** What passes between the two, each within this time, in milliseconds. */
const PATIENCE = 30_000

/** Starts `host.js`. */
export async function startHostProcess(
  { name, httpVersion, scheme }: Adapter,
  // Options that are functions cannot be handed to another process.
  options: object = { root: CGI_BIN },
  environment: NodeJS.ProcessEnv = {},
): Promise<HostProcess> {
  const module = fileURLToPath(new URL('host.js', import.meta.url))
  const child = fork(module, [name, JSON.stringify(options)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...environment },
  })
  const { pid } = child
  assert.ok(pid)
  const exited = once(child, 'exit')
  const signal = AbortSignal.timeout(PATIENCE)
  const [{ port }] = (await Promise.race([
    once(child, 'message', { signal }),
    exited.then(() => Promise.reject(new Error('the host has ended before it began'))),
  ])) as [{ port: number }]

  const waiting = new Map<number, (report: HostReport) => void>()
  child.on('message', (told: { id: number; report: HostReport }) => {
    waiting.get(told.id)?.(told.report)
    waiting.delete(told.id)
  })
  let asked = 0
  async function report(collect = false): Promise<HostReport> {
    asked += 1
    const id = asked
    const told = new Promise<HostReport>((resolve) => waiting.set(id, resolve))
    child.send({ id, collect })
    return within(told, 'the host has reported')
  }
  return {
    port,
    httpVersion,
    scheme,
    pid,
    report,
    resident: async () => (await report(true)).residentBytes,
    async stop() {
      if (child.connected) child.disconnect()
      try {
        await within(exited, 'the host has ended')
      } finally {
        child.kill('SIGKILL')
      }
    },
  }
}

/** @throws where it takes too long. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  milliseconds = PATIENCE,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it took longer than ${milliseconds} ms until ${what}`)),
      milliseconds,
    )
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Measures until two measures in a row are all but the same. */
export async function untilSteady(measure: () => Promise<number>): Promise<number> {
  let last = await measure()
  for (let looks = 0; looks < 100; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const next = await measure()
    if (looks >= 4 && Math.abs(next - last) < 64 * 1024) return next
    last = next
  }
  return last
}
