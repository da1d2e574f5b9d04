import { fileURLToPath } from 'node:url'
import type { Adapter } from './adapters.js'
import type { Peer } from './client.js'
import { CGI_BIN } from './fixtures.js'
import { startForkedProcess } from './forked-process.js'

/** What a host says of itself. */
export interface HostReport {
  readonly residentBytes: number
  /** Exceptions, rejections and warnings that were not handled. */
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

/** Starts `host.js`. */
export async function startHostProcess(
  { name, httpVersion, scheme }: Adapter,
  // Options that are functions cannot be handed to another process.
  options: object = { root: CGI_BIN },
  environment: NodeJS.ProcessEnv = {},
): Promise<HostProcess> {
  const module = fileURLToPath(new URL('host.js', import.meta.url))
  const args = [name, JSON.stringify(options)]
  const host = await startForkedProcess<{ port: number }, { collect: boolean }, HostReport>(
    module,
    args,
    environment,
  )
  const report = (collect = false): Promise<HostReport> => host.ask({ collect })
  return {
    port: host.ready.port,
    httpVersion,
    scheme,
    pid: host.pid,
    report,
    resident: async () => (await report(true)).residentBytes,
    stop: () => host.stop(),
  }
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
