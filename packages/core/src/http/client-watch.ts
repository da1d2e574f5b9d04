import type { IncomingMessage, ServerResponse } from 'node:http'
import { ClientDeparture } from '../data/client-departure.js'
import { drain } from '../data/drain.js'
import type { DeliveryLimits } from '../data/message.js'
import { type Moment, momentNow } from '../data/moment.js'
import { startTicking } from '../data/ticker.js'
import { Delivery, type Outgoing } from './delivery.js'
import {
  addExchange,
  type OpenExchange,
  removeExchange,
  removeExchangesOf,
} from './open-exchanges.js'
import type { Protocol } from './protocol.js'
import { protocolOf } from './protocol-choice.js'
import type { ResponseProgress } from './response-progress.js'

/**
 * Watches the client of one exchange. The signal is aborted when the script's output has no recipient any more:
 * the client has gone, or something else has answered. It is also aborted when the client goes before it has
 * sent all of its body, answered or not.
 */
export class ClientWatch implements OpenExchange, Outgoing {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly progress: ResponseProgress
  readonly signal = new ClientDeparture()
  /** Whether the request has content. */
  readonly hasBody: boolean
  completedAt: Moment | undefined
  readonly #protocol: Protocol

  constructor(message: IncomingMessage, response: ServerResponse, progress: ResponseProgress) {
    const protocol = protocolOf(message)
    this.message = message
    this.response = response
    this.progress = progress
    this.hasBody = protocol.hasBody(message)
    this.#protocol = protocol
    if (!this.hasBody) this.completedAt = momentNow()
    protocol.watch(message)
    addExchange(this)
    if (isOver(message, response)) this.leave()
    response.once('close', () => this.#close())
    if (!this.hasBody) return
    message.once('end', () => {
      this.completedAt = momentNow()
    })
    protocol.outgoing(message, response).once('finish', () => void this.#limitUpload())
  }

  get isBegun(): boolean {
    return this.progress.isBegun
  }

  get isNonParsed(): boolean {
    return this.progress.isNonParsed
  }

  leave(): void {
    const isAnswered = this.response.writableFinished && this.isBegun
    if (!isAnswered || !this.#isComplete()) this.signal.abort()
  }

  /** Leaves the request to the application: its connection is not watched any more. */
  stop(): void {
    removeExchangesOf(this.message, this.response)
    // Another gateway may come next, with listeners of its own.
    this.expectMoreListeners()
  }

  /** The application, and the gateway, add their listeners again for each request that they see. */
  expectMoreListeners(): void {
    for (const emitter of this.#protocol.emitters(this.message, this.response)) {
      const limit = emitter.getMaxListeners()
      // Zero is no limit.
      if (limit > 0) emitter.setMaxListeners(limit + 10)
    }
  }

  /** Bounds how the client takes the response. */
  limitDelivery(limits: DeliveryLimits): void {
    const { message, response, progress } = this
    if (progress.delivery !== undefined) {
      // A script has redirected to another, which may be of another gateway.
      progress.delivery.limits = limits
    } else if (!isOver(message, response)) {
      progress.delivery = new Delivery(message, response, this, limits)
      startTicking(progress.delivery)
    }
  }

  /** Ends the connection after this response, if `isToEnd` says so by then. */
  endConnectionIf(isToEnd: () => boolean): void {
    // A request that is redirected to several scripts asks several times.
    if (this.progress.mayEndConnection) return
    this.progress.mayEndConnection = true
    const end = this.#protocol.connectionEnd(this.message)
    this.response.once('finish', () => {
      if (isToEnd()) end()
    })
  }

  /** Ends a response whose body has failed so that the client sees it is incomplete. */
  breakResponse(): void {
    this.#protocol.breakResponse(this.message, this.response)
  }

  cutOff(): void {
    this.#protocol.abandon(this.message, this.response)
  }

  #isComplete(): boolean {
    return !this.hasBody || this.#protocol.isComplete(this.message)
  }

  #close(): void {
    const { message, response, progress } = this
    // The end of an NPH script's response says nothing about what the script wrote past it.
    if (progress.isNonParsed) message.socket.once('close', () => progress.delivery?.stop())
    else progress.delivery?.stop()
    if (response.writableFinished && this.isBegun && !this.#isComplete()) {
      // Node has finished the request, but the script may still be reading it.
      message.once('end', () => removeExchange(this))
      return
    }
    removeExchange(this)
    this.leave()
  }

  /** Reads the rest of a request whose response is complete, within limits, and then refuses it. */
  async #limitUpload(): Promise<void> {
    if (this.#isComplete()) return
    await drain(this.message)
    // Never take the rest for a next request.
    if (!this.#isComplete()) this.#protocol.refuseRest(this.message)
  }
}

/** Whether a response is closed, so that it will not emit `'close'`. That of HTTP/2 does not say so itself. */
function isOver({ socket }: IncomingMessage, { destroyed }: ServerResponse): boolean {
  return destroyed || socket.destroyed
}
