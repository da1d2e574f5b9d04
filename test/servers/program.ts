import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, constants, createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect, createServer, type NetConnectOpts } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from './site.js'

/** Where and how a server is started. */
interface Start {
  /** Where it is going to listen. */
  readonly address: NetConnectOpts
  /** Its folder gets the log of what the server prints. */
  readonly site: Pick<Site, 'folder'>
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
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

/**
 * A port without a listener, for servers that cannot report the one they chose. It lies below those
 * that systems give to clients, one of which might take it before the server does.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
      return port
    } catch {
      // Somebody listens there.
    }
  }
}

/** A program that runs, and all that it has started. */
export interface RunningProgram {
  readonly pids: readonly number[]
  close(): Promise<void>
}

/** Runs a server in the foreground, until it is stopped by its own pid. */
export async function startProgram(
  program: string,
  args: readonly string[],
  { address, site, ...options }: Start,
): Promise<RunningProgram> {
  // A group of its own, so that no worker outlives a server that had to be killed.
  const child = spawn(program, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  // A site may have more than one server of a program.
  const output = path.join(site.folder, `${path.basename(program)}-${child.pid}.log`)
  const log = createWriteStream(output)
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const killWithUs = (): void => killGroup(child)
  process.once('exit', killWithUs)
  const close = async (): Promise<void> => {
    await end(child)
    killGroup(child)
    process.off('exit', killWithUs)
    log.end()
  }
  try {
    await untilListening(address, child)
  } catch (error) {
    await close()
    const said = await readFile(output, 'utf8')
    throw new Error(`${program} does not listen; it says: ${said}`, { cause: error })
  }
  return { pids: child.pid === undefined ? [] : [child.pid], close }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(timer)
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}

/** There is no event for an address that another process begins to listen on. */
async function untilListening(address: NetConnectOpts, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) break
    const socket = connect(address)
    try {
      await once(socket, 'connect')
      return
    } catch {
      await delay(50)
    } finally {
      socket.destroy()
    }
  }
  throw new Error('no server listens')
}
