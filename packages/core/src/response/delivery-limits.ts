import { loggerOf } from '../data/logger.js'
import type { CgiRequest } from '../data/message.js'
import type { Settings } from '../options/settings.js'

/**
 * Limits the delivery of an answer by `minRate` and `bodyTimeout`: a client that does not read it is cut off.
 * To its script that is a client that leaves.
 *
 * @param moved - called when the client has taken bytes.
 */
export function limitDelivery(
  request: CgiRequest,
  settings: Pick<Settings<never>, 'minRate' | 'bodyTimeout' | 'logger'>,
  moved: () => void,
): void {
  const { minRate, bodyTimeout } = settings
  if (minRate === 0 && bodyTimeout === 0) return
  const cutOff = (reason: string): void => {
    const facts = { url: request.originalUrl, reason }
    const message = 'the connection of a client that is too slow was closed'
    loggerOf(request, settings).warn(facts, message)
  }
  request.limitDelivery?.({ minRate, bodyTimeout, moved, cutOff })
}
