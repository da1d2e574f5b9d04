import type { Test } from 'tap'
import type { Adapter } from '../support/adapters.js'
import { environmentSuite } from './adapter/environment.js'
import { errorSuite } from './adapter/errors.js'
import { listsSuite } from './adapter/lists.js'
import { mappingSuite } from './adapter/mapping.js'
import { responseSuite } from './adapter/response.js'
import { runSuite } from './adapter/run.js'

/** The part in which frameworks with the middlewares of Express can differ. */
export function middlewareContract(t: Test, adapter: Adapter): void {
  mappingSuite(t, adapter)
  environmentSuite(t, adapter)
  responseSuite(t, adapter)
  listsSuite(t, adapter)
  errorSuite(t, adapter)
  runSuite(t, adapter)
}
