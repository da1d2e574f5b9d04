import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { MAIN } from './command.js'

/** Runs a command in a terminal of this size, whose screen goes to its own standard output. */
const RUN = `
import fcntl, os, pty, struct, sys, termios
rows, columns, *command = sys.argv[1:]
pid, screen = pty.fork()
if pid == 0:
    os.read(0, 1)
    os.execvp(command[0], command)
fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
os.write(screen, b"\\n")
print(pid, flush=True)
try:
    while chunk := os.read(screen, 65536):
        sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
except OSError:
    pass
`

/** A command that has a terminal. */
export interface Terminal {
  /** All that it has shown, with what gives it colours. */
  readonly screen: string
  /** Resolves when this has been shown. */
  shows(pattern: RegExp): Promise<void>
}

/** How a terminal is, and where the command is started. */
export interface TerminalOptions {
  readonly columns?: number
  readonly environment?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Starts the command in a terminal; it is gone after the test. */
export function openTerminal(
  t: Test,
  args: readonly string[],
  { columns = 80, environment = {}, cwd }: TerminalOptions = {},
): Terminal {
  const command = ['24', String(columns), process.execPath, MAIN, ...args]
  const env = { ...process.env, TERM: 'xterm', ...environment }
  const child: ChildProcess = spawn('python3', ['-c', RUN, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
    cwd,
  })
  let screen = ''
  const watchers = new Set<() => void>()
  const look = (): void => watchers.forEach((watcher) => watcher())
  child.stdout?.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    look()
  })
  const ended = once(child, 'close')
  child.once('close', look)
  t.after(async () => {
    const pid = Number.parseInt(screen, 10)
    if (child.exitCode === null && pid > 0) process.kill(pid, 'SIGTERM')
    await ended
  })
  return {
    get screen() {
      return screen
    },
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const watcher = (): void => {
          const isThere = pattern.test(screen)
          if (!isThere && child.exitCode === null) return
          watchers.delete(watcher)
          if (isThere) resolve()
          else reject(new Error(`ended without ${pattern.source}: ${screen}`))
        }
        watchers.add(watcher)
        watcher()
      }),
  }
}
