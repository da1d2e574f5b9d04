import { CgiError, invalidOption } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { GuardedTransport } from '../transport/guarded-transport.js'
import {
  isTransportFactory,
  type TransportContext,
  type TransportFactory,
} from '../transport/transport-factory.js'
import type { Transport } from '../transport/transport.js'
import { isTransport } from './rules.js'

/** Makes the transports of one gateway, and contains their faults. */
export class TransportMaker {
  readonly #context: TransportContext
  /** By what was given: one transport may run the scripts of several extensions, and is closed once. */
  readonly #made = new Map<object, Transport>()

  constructor(context: TransportContext) {
    this.#context = context
  }

  /** All transports that were made, each once. */
  get made(): ReadonlySet<Transport> {
    return new Set(this.#made.values())
  }

  /** @throws {CgiError} CGI_ERR_INVALID_OPTION */
  make(option: string, given: Transport | TransportFactory): Transport {
    const before = this.#made.get(given)
    if (before !== undefined) return before
    const transport = isTransportFactory(given) ? this.#create(option, given) : given
    const guarded =
      this.#made.get(transport) ?? new GuardedTransport(transport, this.#context.killTimeout, true)
    this.#made.set(given, guarded).set(transport, guarded)
    return guarded
  }

  #create(option: string, factory: TransportFactory): Transport {
    let transport: unknown
    try {
      transport = factory.createTransport(this.#context)
    } catch (cause) {
      if (cause instanceof CgiError) throw cause
      const message = `The transport of the \`${option}\` option cannot be created: ${describeThrown(cause)}`
      throw new CgiError('CGI_ERR_INVALID_OPTION', { cause }, message)
    }
    if (isTransport(transport)) return transport
    throw invalidOption(option, 'a factory whose `createTransport()` returns a transport', factory)
  }
}
