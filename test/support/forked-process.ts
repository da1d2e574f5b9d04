import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A module that runs in a process of its own, says something when it is ready, and answers questions. */
export interface ForkedProcess<Ready, Question, Reply> {
  readonly pid: number
  /** What it has said when it was ready. */
  readonly ready: Ready
  ask(question: Question): Promise<Reply>
  /** @throws where it does not end by itself; it is killed then. */
  stop(): Promise<void>
}

/** A question on its way to such a module, which sends back the number with its reply. */
export interface Asked<Question> {
  readonly id: number
  readonly question: Question
}

/** What passes between the two, each within this time, in milliseconds. */
const PATIENCE = 30_000

export async function startForkedProcess<Ready, Question, Reply>(
  module: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<ForkedProcess<Ready, Question, Reply>> {
  const child = fork(module, args, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, ...environment },
  })
  const { pid } = child
  assert.ok(pid)
  const exited = once(child, 'exit')
  const signal = AbortSignal.timeout(PATIENCE)
  // Both modules are ours, and agree on what is said.
  const [ready] = (await Promise.race([
    once(child, 'message', { signal }),
    exited.then(() => Promise.reject(new Error('the process has ended before it began'))),
  ])) as [Ready]

  const waiting = new Map<number, (reply: Reply) => void>()
  child.on('message', ({ id, reply }: { id: number; reply: Reply }) => {
    waiting.get(id)?.(reply)
    waiting.delete(id)
  })
  let asked = 0
  return {
    pid,
    ready,
    async ask(question) {
      asked += 1
      const id = asked
      const replied = new Promise<Reply>((resolve) => waiting.set(id, resolve))
      child.send({ id, question } satisfies Asked<Question>)
      const ended = exited.then(([code, killer]) => {
        throw new Error(`the process has ended with ${String(code ?? killer)}`)
      })
      return within(Promise.race([replied, ended]), 'the process has replied')
    },
    async stop() {
      if (child.connected) child.disconnect()
      try {
        await within(exited, 'the process has ended')
      } finally {
        child.kill('SIGKILL')
      }
    },
  }
}

/** @throws where it takes too long. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  milliseconds = PATIENCE,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it took longer than ${milliseconds} ms until ${what}`)),
      milliseconds,
    )
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
