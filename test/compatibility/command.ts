import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

const WAIT = 240_000
const VERSIONED = /^node@(\d+)$/

/** A command that has ended, with all that it has written. */
export interface Ended {
  readonly isSuccess: boolean
  readonly output: string
}

const binaries = new Map<string, Promise<string>>()

/** The command with the path of the `node` that is meant: `node` is this one, `node@24` the newest of 24. */
async function resolveCommand([program = '', ...args]: readonly string[]): Promise<
  readonly [string, ...string[]]
> {
  if (program === 'node') return [process.execPath, ...args]
  const [, version] = VERSIONED.exec(program) ?? []
  if (version === undefined) return [program, ...args]
  const binary = binaries.get(version) ?? findNode(version)
  binaries.set(version, binary)
  return [await binary, ...args]
}

async function findNode(version: string): Promise<string> {
  const args = ['-y', '-p', `node@${version}`, '-c', 'command -v node']
  const { stdout } = await promisify(execFile)('npx', args, { timeout: WAIT })
  return stdout.trim()
}

/** Starts a command in a group of its own, so that `stop()` ends what it has started. */
export async function start(cwd: string, command: readonly string[]): Promise<ChildProcess> {
  const [program, ...args] = await resolveCommand(command)
  const env = { ...process.env, CI: 'true', npm_config_update_notifier: 'false' }
  return spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
}

export function stop({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended.
  }
}

/** Runs a command to its end, four minutes at most. */
export async function run(cwd: string, command: readonly string[]): Promise<Ended> {
  const child = await start(cwd, command)
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  }
  const timer = setTimeout(stop, WAIT, child)
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', resolve)
  })
  clearTimeout(timer)
  return { isSuccess: code === 0, output: Buffer.concat(chunks).toString() }
}
