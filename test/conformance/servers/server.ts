import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, createWriteStream } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from '../site.js'

/** A server that cases can be sent to. */
export interface Server {
  readonly name: string
  /** What there is to know of it: version, and what its configuration says beyond the defaults. */
  readonly description: string
  /** Whether it is ours, and so has to pass. */
  readonly isOurs: boolean
  /** What has to be installed for it; undefined if it is. */
  missing(): string | undefined
  /** Starts it for the scripts of a site, at `/cgi-bin/`. */
  start(site: Site): Promise<RunningServer>
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

/** The first of these files that can be run. */
export function findProgram(...files: readonly string[]): string | undefined {
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** A port that nobody listens on; servers that cannot tell theirs must be told one. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Runs a server in the foreground, until it is stopped by its own pid. */
export async function startProgram(
  program: string,
  args: readonly string[],
  { port, site }: { port: number; site: Site },
): Promise<RunningServer> {
  const log = createWriteStream(path.join(site.folder, 'output.log'))
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const stop = (): Promise<void> => end(child).finally(() => log.end())
  const stopWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', stopWithUs)
  try {
    await untilListening(port, child)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    async close() {
      process.off('exit', stopWithUs)
      await stop()
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(timer)
}

/** There is no event for a port that another process begins to listen on. */
async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) break
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await delay(50)
    } finally {
      socket.destroy()
    }
  }
  throw new Error(`${child.spawnfile} does not listen; see output.log of its folder`)
}
