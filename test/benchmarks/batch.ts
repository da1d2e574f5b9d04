import { strict as assert } from 'node:assert'
import { startChild } from './child.js'

/** So many requests for a URL, on so many connections. */
export interface Batch {
  readonly url: string
  readonly requests: number
  readonly connections: number
}

/** A client in a process of its own, which has made requests to another server before and is warm. */
export interface BatchClient {
  /** @returns how long it took, in seconds. @throws where an answer was not the right one. */
  run(batch: Batch): Promise<number>
  close(): Promise<void>
}

/** wrk counts seconds and not requests; this client is slower, and makes exactly as many as it is asked for. */
export async function startBatchClient(): Promise<BatchClient> {
  const child = startChild('batch-client.js', null)
  assert.equal(await child.receive(), 'ready')
  return {
    async run(batch) {
      child.send(batch)
      return (await child.receive()) as number
    },
    close: () => child.close(),
  }
}
