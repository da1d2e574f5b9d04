import type { Adapter } from './adapters.js'
import { environmentSuite } from './suite/environment.js'
import { earlyHintsSuite } from './suite/early-hints.js'
import { errorSuite } from './suite/errors.js'
import { halfCloseSuite } from './suite/half-close.js'
import { listsSuite } from './suite/lists.js'
import { limitsSuite } from './suite/limits.js'
import { localRedirectSuite } from './suite/local-redirect.js'
import { mappingSuite } from './suite/mapping.js'
import { observationSuite } from './suite/observation.js'
import { optionsSuite } from './suite/options.js'
import { otherFilesSuite } from './suite/other-files.js'
import { processSuite } from './suite/process.js'
import { requestBodySuite } from './suite/request-body.js'
import { responseSuite } from './suite/response.js'
import { slowClientsSuite } from './suite/slow-clients.js'
import { startSuite } from './suite/start.js'
import { sendfileSuite } from './suite/sendfile.js'

/** The contract, as far as it can be seen from outside: what every adapter must do. */
export function adapterSuite(adapter: Adapter): void {
  mappingSuite(adapter)
  otherFilesSuite(adapter)
  environmentSuite(adapter)
  requestBodySuite(adapter)
  responseSuite(adapter)
  listsSuite(adapter)
  processSuite(adapter)
  limitsSuite(adapter)
  startSuite(adapter)
  slowClientsSuite(adapter)
  localRedirectSuite(adapter)
  sendfileSuite(adapter)
  observationSuite(adapter)
  errorSuite(adapter)
  optionsSuite(adapter)
  if (adapter.httpVersion === 2 || adapter.scheme === 'https') return
  // Spoken byte by byte; and only a plain connection of HTTP/1.1 has two sides that a request can close.
  earlyHintsSuite(adapter)
  halfCloseSuite(adapter)
}

/** The part of it that frameworks with the middlewares of Express can make a difference to. */
export function middlewareSuite(adapter: Adapter): void {
  mappingSuite(adapter)
  environmentSuite(adapter)
  responseSuite(adapter)
  listsSuite(adapter)
  errorSuite(adapter)
}
