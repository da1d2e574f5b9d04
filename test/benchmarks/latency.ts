import { strict as assert } from 'node:assert'
import { startChild } from './child.js'

/** A client in a process of its own that has made its connection and is ready. */
export interface LatencyClient {
  /** How long each request took, in milliseconds: one every 5 ms, one after another. */
  measure(milliseconds: number): Promise<readonly number[]>
  close(): Promise<void>
}

export async function startLatencyClient(url: string): Promise<LatencyClient> {
  const child = startChild('latency-client.js', url)
  assert.equal(await child.receive(), 'ready')
  return {
    async measure(milliseconds) {
      child.send(milliseconds)
      return (await child.receive()) as number[]
    },
    close: () => child.close(),
  }
}
