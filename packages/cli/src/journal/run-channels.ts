import type { CgiRun, CgiWait } from '@common-gateway/fastify'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { OpenRequest } from './open-request.js'

/**
 * Has the gateways tell records of their scripts.
 *
 * @param find - the record of a request of Node's; undefined for one of another server.
 * @returns what to call to hear no more.
 */
export function listenToRuns(find: (raw: object) => OpenRequest | undefined): () => void {
  // The channels are the gateway's: these are their messages.
  const listeners: [name: string, listener: (message: unknown) => void][] = [
    ['wait', (message) => recordOf(message as CgiWait)?.wait((message as CgiWait).script)],
    ['start', (message) => recordOf(message as CgiRun)?.begin(message as CgiRun)],
    ['end', (message) => recordOf(message as CgiRun)?.finish(message as CgiRun)],
  ]

  function recordOf({ request: { native } }: Pick<CgiRun, 'request'>): OpenRequest | undefined {
    // Fastify's request has Node's in it.
    if (typeof native !== 'object' || native === null || !('raw' in native)) return undefined
    return typeof native.raw === 'object' && native.raw !== null ? find(native.raw) : undefined
  }

  for (const [name, listener] of listeners) subscribe(`common-gateway:run:${name}`, listener)
  return () => {
    for (const [name, listener] of listeners) unsubscribe(`common-gateway:run:${name}`, listener)
  }
}
