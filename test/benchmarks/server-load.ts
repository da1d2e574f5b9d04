import type { RunningServer } from '../servers/server.js'
import { takeProcessorTime } from './processor-time.js'
import type { Column, Figures } from './scenario.js'
import { load } from './wrk.js'

interface ServerLoad {
  readonly path: string
  readonly connections: number
  readonly seconds: number
  readonly headers?: readonly string[]
  /** What has to be done between the lead-in and the turn. */
  readonly prepare?: () => Promise<void>
}

/** Seconds under the same load before a turn counts: a server that has waited for others is slow at first. */
const LEAD_IN = 1

/** What wrk and the kernel tell of a server under load; the columns below are made of it. */
export async function measureLoad(
  server: RunningServer,
  { path, prepare, ...options }: ServerLoad,
): Promise<Figures> {
  const url = `http://127.0.0.1:${server.port}${path}`
  await load(url, { ...options, seconds: LEAD_IN })
  await prepare?.()
  const { result, all, main } = await takeProcessorTime(server, () => load(url, options))
  const { requests, requestsPerSecond, median, p99 } = result
  return {
    requestsPerSecond,
    processorTime: all / requests,
    mainThread: main / requests,
    median,
    p99,
  }
}

export const REQUESTS: Column = { key: 'requestsPerSecond', title: 'requests/s', digits: 0 }
export const PROCESSOR_TIME: Column = {
  key: 'processorTime',
  title: 'processor time, µs',
  digits: 0,
}

export const LOAD_COLUMNS: readonly Column[] = [
  REQUESTS,
  PROCESSOR_TIME,
  { key: 'median', title: 'median, ms', digits: 1 },
  { key: 'p99', title: 'p99, ms', digits: 1 },
]
