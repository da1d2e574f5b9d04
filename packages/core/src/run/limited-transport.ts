import type { Settings } from '../options/settings.js'
import { CountedSlots } from '../transport/slots.js'
import type { Transport } from '../transport/transport.js'
import { Limiter } from './limiter.js'
import type { QueueLength } from './queue-length.js'

/** A transport, and the limiter of its slots. */
export class LimitedTransport {
  readonly transport: Transport
  readonly limiter: Limiter

  constructor(transport: Transport, settings: Settings<never>, queue: QueueLength) {
    this.transport = transport
    const slots = transport.slots ?? new CountedSlots(settings.maxProcesses)
    this.limiter = new Limiter(settings, slots, queue)
  }
}
