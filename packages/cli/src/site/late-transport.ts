import type {
  ClientSignal,
  Release,
  ScriptCall,
  ScriptStreams,
  Slots,
  Transport,
  TransportContext,
  TransportFactory,
  UpstreamStats,
} from '@common-gateway/core/transport'

/**
 * Makes transports whose package is imported for their first request: the import takes a fifth of the time of the start,
 * and a folder may have no script for them. They are those of an application server that has the files of the gateway.
 */
export class LateTransportFactory implements TransportFactory {
  readonly #import: () => Promise<TransportFactory>
  #factory: Promise<TransportFactory> | undefined

  /** @param load - called once. */
  constructor(load: () => Promise<TransportFactory>) {
    this.#import = load
  }

  createTransport(gateway: TransportContext): Transport {
    return new LateTransport(async () => {
      this.#factory ??= this.#import()
      return (await this.#factory).createTransport(gateway)
    })
  }
}

class LateTransport implements Transport {
  readonly inheritsEnvironment = false
  readonly needsBodyLength = true
  readonly slots: Slots = new LateSlots(
    () => this.#transport,
    () => this.#load(),
  )
  readonly #create: () => Promise<Transport>
  #transport: Transport | undefined
  #loading: Promise<Transport> | undefined

  constructor(create: () => Promise<Transport>) {
    this.#create = create
  }

  async open(call: ScriptCall): Promise<ScriptStreams> {
    const transport = this.#transport ?? (await this.#load())
    return transport.open(call)
  }

  stats(): readonly UpstreamStats[] {
    return this.#transport?.stats?.() ?? []
  }

  async close(): Promise<void> {
    const transport = await this.#loading
    await transport?.close()
  }

  async #load(): Promise<Transport> {
    this.#loading ??= this.#create()
    this.#transport = await this.#loading
    return this.#transport
  }
}

/** The slots of a transport that may not be there: until then, requests wait for it. */
class LateSlots implements Slots {
  readonly #present: () => Transport | undefined
  readonly #load: () => Promise<Transport>

  constructor(present: () => Transport | undefined, load: () => Promise<Transport>) {
    this.#present = present
    this.#load = load
  }

  get free(): number {
    return this.#present()?.slots?.free ?? 1
  }

  take(): Release | undefined {
    return this.#present()?.slots?.take()
  }

  async wait(signal: ClientSignal): Promise<Release> {
    const { slots } = await this.#load()
    if (slots === undefined) throw new TypeError('the transport has no slots')
    return slots.take() ?? slots.wait(signal)
  }
}
