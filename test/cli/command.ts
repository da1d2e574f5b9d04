import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LineWatch } from './line-watch.js'

/** The site that `npm start` serves. */
export const DEMO = fileURLToPath(new URL('../../../packages/cli/demo', import.meta.url))

/** The command. */
export const MAIN = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url))

/** A test that hangs has failed; what it has started is stopped all the same. */
export const NO_HANG = { timeout: 60_000 }

/** How the command ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

/** A command that has been started. */
export class Command {
  readonly pid: number
  readonly ended: Promise<End>

  readonly #child: ChildProcess
  readonly #output = new LineWatch()
  readonly #errors = new LineWatch()

  constructor(t: Test, args: readonly string[], cwd?: string, uid?: number) {
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd,
      uid,
    })
    if (this.#child.pid === undefined) throw new Error('the command did not start')
    this.pid = this.#child.pid
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#output.write(chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#errors.write(chunk.toString()))
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#output.end()
      this.#errors.end()
      // What `close` comes with.
      const end = { code: code as number | null, signal: signal as NodeJS.Signals | null }
      return { ...end, output: this.output, errors: this.errors }
    })
    t.after(() => this.#stop())
  }

  get output(): string {
    return this.#output.text
  }

  get errors(): string {
    return this.#errors.text
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Stops listening to what it prints, as `head` does. */
  closeOutput(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  /** Resolves with the first line of standard output, past or future, that matches. */
  outputs(pattern: RegExp): Promise<string> {
    return this.#output.find(pattern)
  }

  /** Resolves with the first line of standard error, past or future, that matches. */
  reports(pattern: RegExp): Promise<string> {
    return this.#errors.find(pattern)
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** By signals that let it stop its scripts; one that comes too soon after the first is ignored. */
  async #stop(): Promise<void> {
    for (let count = 0; this.#isRunning(); count += 1) {
      this.#child.kill(count < 20 ? 'SIGTERM' : 'SIGKILL')
      await Promise.race([this.ended, delay(250, undefined, { ref: false })])
    }
  }
}

/** A command that serves. */
export interface Served extends Command {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string
  readonly port: number
}

/** Starts the command on a folder and a free port, and waits until it serves. */
export async function serveByCommand(t: Test, folder: string, ...args: string[]): Promise<Served> {
  return ready(new Command(t, [folder, '--port', '0', ...args]))
}

/** Waits until a command serves. */
export async function ready(command: Command): Promise<Served> {
  const line = await command.outputs(/^ {2}Address |"event":"start"/)
  const [url = '', port = ''] = /https?:\/\/\S+:(\d+)\//.exec(line) ?? []
  return Object.assign(command, { url, port: Number(port) })
}
