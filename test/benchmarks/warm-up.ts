import type { RunningServer } from '../servers/server.js'
import type { WarmUp } from './scenario.js'
import { load } from './wrk.js'

const CONNECTIONS = 16

/** A slow server gets fewer requests, and the table says how many. */
const MOST_SECONDS = 60

/** Warms a server by requests, since the time that a number of them takes differs by far. @returns how many there were. */
export async function warm(server: RunningServer, { path, requests }: WarmUp): Promise<number> {
  const url = `http://127.0.0.1:${server.port}${path}`
  const end = performance.now() + MOST_SECONDS * 1_000
  let done = 0
  let seconds = 1
  while (done < requests && performance.now() < end) {
    const { requests: more, requestsPerSecond } = await load(url, {
      connections: CONNECTIONS,
      seconds,
    })
    done += more
    // wrk takes whole seconds.
    seconds = Math.min(Math.max(1, Math.ceil((requests - done) / requestsPerSecond)), 10)
  }
  return done
}
