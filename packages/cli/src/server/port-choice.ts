import { once } from 'node:events'
import { createServer } from 'node:net'
import { cannotStart } from '../settings/command-error.js'

/** The requested address and port. */
export interface PortWish {
  readonly host: string
  readonly port: number
  /** Whether another port can be used: the port was not given, and the output is a terminal. */
  readonly isFlexible: boolean
}

/** How many ports are tried after one that is in use. */
const MOST_TRIES = 100

/**
 * The port to listen on: the requested one, or the next free one.
 *
 * @throws {CommandError} if the requested port is in use and `isFlexible` is false; names the next free port.
 */
export async function choosePort({ host, port, isFlexible }: PortWish): Promise<number> {
  if (port === 0 || !(await isTaken(host, port))) return port
  const next = await findFree(host, port + 1)
  if (isFlexible && next !== undefined) return next
  const advice =
    next === undefined ? 'choose another with --port' : `${next} is free (--port ${next})`
  throw cannotStart(`cannot listen on port ${port} of ${host}: already in use; ${advice}`)
}

async function findFree(host: string, first: number): Promise<number | undefined> {
  for (let port = first; port < first + MOST_TRIES && port <= 65_535; port += 1) {
    if (!(await isTaken(host, port))) return port
  }
  return undefined
}

/** Whether a port is in use. Other errors occur again when the server starts. */
async function isTaken(host: string, port: number): Promise<boolean> {
  const probe = createServer().listen(port, host)
  try {
    await once(probe, 'listening')
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  } finally {
    const closed = new Promise((resolve) => probe.close(resolve))
    await closed
  }
}
