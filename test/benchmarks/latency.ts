import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A client in a process of its own that has made its connection and is ready. */
export interface LatencyClient {
  /** How long each request took, in milliseconds: one every 5 ms, one after another. */
  measure(milliseconds: number): Promise<readonly number[]>
  close(): Promise<void>
}

export async function startLatencyClient(url: string): Promise<LatencyClient> {
  const module = fileURLToPath(new URL('latency-client.js', import.meta.url))
  const child = fork(module, [url])
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error(`the client of ${url} has ended`)))
  // The process also ends when no answer is awaited.
  ended.catch(() => {})
  const told = async (): Promise<unknown> => {
    const [message] = await Promise.race([once(child, 'message'), ended])
    return message
  }
  assert.equal(await told(), 'ready')
  return {
    async measure(milliseconds) {
      child.send(milliseconds)
      return (await told()) as number[]
    },
    async close() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
