import type { Test } from 'tap'
import { adapterContract } from '../../contract/adapter-contract.js'
import { type Exception, withExceptions } from '../../contract/exceptions.js'
import { gatewayContract } from '../../contract/gateway-contract.js'
import type { Adapter } from '../../support/adapters.js'

/** Both contracts, without the cases that do not hold. */
export function fastcgiContract(t: Test, adapter: Adapter, exceptions: readonly Exception[]): void {
  withExceptions(t, exceptions, (t) => {
    adapterContract(t, adapter)
    gatewayContract(t, adapter)
  })
}
