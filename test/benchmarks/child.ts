import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A module of this folder in a Node process of its own. One message is awaited at a time. */
export interface Child {
  readonly pid: number
  send(message: string | number | object): void
  /** The next message. */
  receive(): Promise<unknown>
  close(): Promise<void>
}

interface ChildOptions {
  /** The binary of Node. Default: the one that runs this. */
  readonly node?: string
  readonly execArgv?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export function startChild(
  file: string,
  parameter: unknown,
  { node = process.execPath, execArgv = [], env = process.env }: ChildOptions = {},
): Child {
  const module = fileURLToPath(new URL(file, import.meta.url))
  const child = fork(module, [JSON.stringify(parameter)], {
    execPath: node,
    execArgv: [...execArgv],
    env,
  })
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error(`${file} has ended`)))
  // The process also ends when no message is awaited.
  ended.catch(() => {})
  return {
    // Where there is none, 'error' rejects what is awaited.
    pid: child.pid ?? 0,
    send: (message) => void child.send(message),
    async receive() {
      const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
      return message
    },
    async close() {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(timer)
    },
  }
}
