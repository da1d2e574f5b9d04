import type { CgiRun, CgiStandardErrorLine, CgiWait } from '@common-gateway/fastify'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { OpenRequest } from './open-request.js'

/**
 * Updates the records from the diagnostics channels of the gateways.
 *
 * @param find - the record of a node:http request; undefined for a request of another server.
 * @returns a function that unsubscribes.
 */
export function listenToRuns(find: (raw: object) => OpenRequest | undefined): () => void {
  // The types that the gateway publishes on these channels.
  const listeners: [name: string, listener: (message: unknown) => void][] = [
    ['wait', (message) => recordOf(message as CgiWait)?.wait((message as CgiWait).script)],
    ['start', (message) => recordOf(message as CgiRun)?.begin(message as CgiRun)],
    ['stderr', (message) => writeLine(message as CgiStandardErrorLine)],
    ['end', (message) => recordOf(message as CgiRun)?.finish(message as CgiRun)],
  ]

  function writeLine({ run, line }: CgiStandardErrorLine): void {
    recordOf(run)?.writeLine(line)
  }

  function recordOf({ request: { native } }: Pick<CgiRun, 'request'>): OpenRequest | undefined {
    // `raw` of a Fastify request is the node:http request.
    if (typeof native !== 'object' || native === null || !('raw' in native)) return undefined
    return typeof native.raw === 'object' && native.raw !== null ? find(native.raw) : undefined
  }

  for (const [name, listener] of listeners) subscribe(`common-gateway:run:${name}`, listener)
  return () => {
    for (const [name, listener] of listeners) unsubscribe(`common-gateway:run:${name}`, listener)
  }
}
