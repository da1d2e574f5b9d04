import type { Readable } from 'node:stream'
import { isFile, sendToScript } from '../request-body.js'
import type { Settings } from '../settings.js'
import type { ScriptCall, ScriptExit, ScriptOutput, Transport } from '../transport.js'
import { chooseSpawner } from './spawner-choice.js'
import type { Spawner } from './spawner.js'
import { ProcessGroup } from './process-group.js'

/** What the settings say of processes. */
export type ProcessSettings = Pick<
  Settings<never>,
  'killTimeout' | 'lingerTimeout' | 'spawner' | 'logger'
>

/** Runs each script as a process of its own, the leader of its own process group. */
export class ProcessTransport implements Transport {
  readonly #settings: ProcessSettings
  readonly #spawner: Spawner

  constructor(
    settings: ProcessSettings,
    spawner: Spawner = chooseSpawner(settings.spawner, settings.logger),
  ) {
    this.#settings = settings
    this.#spawner = spawner
  }

  async send(call: ScriptCall): Promise<ScriptOutput> {
    const { content } = call.body
    const { pid, stdin, stdout, stderr, exit } = await this.#spawner.spawn({
      command: call.command,
      cwd: call.cwd,
      environment: call.environment,
      stdin: content === null ? 'null' : isFile(content) ? content.fd : 'pipe',
    })
    const group = new ProcessGroup(pid, exit)
    let inputEnd = Promise.resolve()
    if (stdin !== null && content !== null && !isFile(content)) {
      inputEnd = sendToScript(content, stdin, call.bodyLimit, call.bodyObserver)
      void exit.then(() => stdin.destroy())
    }
    stderr.on('data', call.onStandardError)
    stderr.on('error', () => {})
    const standardErrorEnd = new Promise<void>((resolve) => stderr.once('close', resolve))
    this.#closeAfter(exit, stderr)
    const terminate = (): Promise<void> => group.terminate(this.#settings.killTimeout)
    return { pid, stdout, exit, inputEnd, standardErrorEnd, terminate }
  }

  async close(): Promise<void> {}

  /** A background child may hold standard error open for as long as it likes; we do not wait. */
  #closeAfter(exit: Promise<ScriptExit>, stderr: Readable): void {
    void exit.then(() => {
      if (stderr.readableEnded) return
      const timer = setTimeout(() => stderr.destroy(), this.#settings.lingerTimeout)
      stderr.once('close', () => clearTimeout(timer))
    })
  }
}
