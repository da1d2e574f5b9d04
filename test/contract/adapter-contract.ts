import type { Test } from 'tap'
import type { Adapter } from '../support/adapters.js'
import { closeSuite } from './adapter/close.js'
import { disconnectSuite } from './adapter/disconnect.js'
import { earlyHintsSuite } from './adapter/early-hints.js'
import { environmentSuite } from './adapter/environment.js'
import { errorSuite } from './adapter/errors.js'
import { halfCloseSuite } from './adapter/half-close.js'
import { listsSuite } from './adapter/lists.js'
import { localRedirectSuite } from './adapter/local-redirect.js'
import { mappingSuite } from './adapter/mapping.js'
import { optionsSuite } from './adapter/options.js'
import { requestBodySuite } from './adapter/request-body.js'
import { responseSuite } from './adapter/response.js'
import { runSuite } from './adapter/run.js'

/** The part of the contract that passes through an adapter: `npm test` runs it with each. */
export function adapterContract(t: Test, adapter: Adapter): void {
  mappingSuite(t, adapter)
  environmentSuite(t, adapter)
  requestBodySuite(t, adapter)
  responseSuite(t, adapter)
  listsSuite(t, adapter)
  localRedirectSuite(t, adapter)
  errorSuite(t, adapter)
  runSuite(t, adapter)
  optionsSuite(t, adapter)
  disconnectSuite(t, adapter)
  closeSuite(t, adapter)
  if (adapter.httpVersion === 2 || adapter.scheme === 'https') return
  // Spoken byte by byte; and only a plain connection of HTTP/1.1 has two sides that a request can close.
  earlyHintsSuite(t, adapter)
  halfCloseSuite(t, adapter)
}
