import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { DeliveryLimits } from '../data/message.js'
import { Patience } from '../data/patience.js'
import { countsAcknowledged } from '../process/unacknowledged-bytes.js'
import { hasUnsent, takenBytes } from './taken-bytes.js'
import { stopTicking, Ticking } from '../data/ticker.js'

/**
 * How long the next progress may take to show, in milliseconds. The client's system announces free space in
 * lumps (RFC 9293 section 3.8.6.2.2); where ours does not report acknowledged bytes, progress shows only when a
 * third of its send buffer is free. Less than the default of `queueTimeout`: a client that has stopped must
 * release its slot while others still wait for it.
 */
const LUMP = 25_000
const LARGE_LUMP = 60_000

/** How many responses of each connection wait for the client (HTTP/2): each counts its share of the bytes. */
const waiting = new WeakMap<Socket, number>()

/** The response that a delivery watches. */
export interface Outgoing {
  /** Whether a script answers it. */
  readonly isBegun: boolean
  /** Whether that script writes to the connection itself (NPH), past the response. */
  readonly isNonParsed: boolean
  /** Ends it so that the client sees it is incomplete. */
  cutOff(): void
}

/**
 * Watches how a client takes a response until the system has all of it, even after the script has ended. Time
 * counts only while there are bytes for the client that its connection does not take.
 */
export class Delivery extends Ticking {
  limits: DeliveryLimits
  readonly #message: IncomingMessage
  readonly #response: ServerResponse & { readonly stream?: ServerHttp2Stream }
  readonly #outgoing: Outgoing
  #patience: Patience | undefined
  #isAwaited = false
  /** How many bytes the peer had at the last tick. */
  #taken: number | undefined
  /** How long the client has taken nothing, in milliseconds. */
  #stalled = 0

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    outgoing: Outgoing,
    limits: DeliveryLimits,
  ) {
    super()
    this.#message = message
    this.#response = response
    this.#outgoing = outgoing
    this.limits = limits
  }

  /** Stops watching: the response is over. */
  stop(): void {
    stopTicking(this)
    this.#await(false)
  }

  tick(milliseconds: number): void {
    const wasAwaited = this.#isAwaited
    this.#await(this.#outgoing.isBegun && this.#hasUnsent())
    if (!this.#isAwaited) {
      this.#stalled = 0
      return
    }
    const { socket } = this.#message
    const before = this.#taken ?? 0
    this.#taken = takenBytes(socket)
    if (this.#taken === undefined) return
    // The client's system takes much at once, also before the first tick, and nothing more until the client
    // has read some of it. All of that counts; time counts from the first tick on.
    const moved = this.#taken - before
    const waited = wasAwaited ? milliseconds : 0
    const { minRate, bodyTimeout } = this.limits
    this.#stalled = moved > 0 ? 0 : this.#stalled + waited
    if (moved > 0) this.limits.moved()
    this.#patience ??= new Patience(minRate, countsAcknowledged() ? LUMP : LARGE_LUMP)
    const isSlow = this.#patience.spend(waited, moved / (waiting.get(socket) ?? 1))
    const isStalled = bodyTimeout > 0 && this.#stalled >= bodyTimeout
    if (!isSlow && !isStalled) return
    const reason = isStalled
      ? `the client received nothing for ${bodyTimeout} ms`
      : `the client receives less than ${minRate} bytes per second`
    this.stop()
    this.limits.cutOff(reason)
    this.#outgoing.cutOff()
  }

  #hasUnsent(): boolean {
    const { stream, socket, destroyed } = this.#response
    if (this.#outgoing.isNonParsed) return hasUnsent(this.#message.socket)
    if (destroyed) return false
    if (stream !== undefined) return !stream.destroyed && stream.writableLength > 0
    // A response without a socket waits for its turn (pipelining).
    return socket === this.#message.socket && socket !== null && hasUnsent(socket)
  }

  #await(isAwaited: boolean): void {
    if (isAwaited === this.#isAwaited) return
    this.#isAwaited = isAwaited
    const { socket } = this.#message
    waiting.set(socket, (waiting.get(socket) ?? 0) + (isAwaited ? 1 : -1))
  }
}
