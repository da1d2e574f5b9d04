import { clientRequestOf } from '@common-gateway/core/adapter'
import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import type { ClientAddress } from '../access/client-address.js'
import { OpenRequest, type RequestFacts } from './open-request.js'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'
import { createRequestLogger } from './request-logger.js'
import type { RequestRecord } from './request-record.js'
import { watchResponse } from './response-watch.js'
import { listenToRuns } from './run-channels.js'

interface JournalEvents {
  /** A request has come. */
  open: [record: RequestRecord]
  /** More is known of it. Not told of each byte: who shows those looks from time to time. */
  change: [record: RequestRecord]
  /** A line of a script's standard error has come; it is among those of the record already. */
  line: [record: RequestRecord, line: string]
  /** The response and the scripts of the request have ended, and nothing of it changes any more. */
  end: [record: RequestRecord]
}

/**
 * Tells of each request that reaches the server, whoever answers it, as it goes on. Keeps nothing itself:
 * who wants a history keeps it.
 */
export class RequestJournal extends EventEmitter<JournalEvents> {
  readonly #open = new Set<OpenRequest>()
  /** What Fastify and the gateway know a request by. */
  readonly #byRaw = new WeakMap<object, OpenRequest>()
  readonly #stopListening: () => void
  readonly #clientOf: ClientAddress
  #count = 0

  constructor(clientOf: ClientAddress) {
    super()
    this.#clientOf = clientOf
    this.#stopListening = listenToRuns((raw) => this.#byRaw.get(clientRequestOf(raw)))
  }

  /** The requests that have not ended, the oldest first. */
  get open(): ReadonlySet<RequestRecord> {
    return this.#open
  }

  /** Begins the record of a request. */
  watch(request: RawRequest, response: RawResponse): void {
    const { method, url } = request
    const record = this.#begin({ method, url, client: this.#clientOf(request) })
    this.#byRaw.set(request, record)
    watchResponse(request, response, record)
    this.emit('open', record)
  }

  /** Records what came in the place of a request, and what it was answered. */
  refuse(request: RequestFacts, status: number, reason: string): void {
    const record = this.#begin(request)
    this.emit('open', record)
    record.sendHeader(status)
    record.fail(reason)
    record.close(true)
  }

  #begin(request: RequestFacts): OpenRequest {
    this.#count += 1
    const record: OpenRequest = new OpenRequest(this.#count, request, {
      change: () => this.emit('change', record),
      line: (line) => this.emit('line', record, line),
      end: () => {
        this.#open.delete(record)
        this.emit('end', record)
      },
    })
    this.#open.add(record)
    return record
  }

  /** The logger of a request, which writes to its record; of none, where it is not watched. */
  loggerOf(request: RawRequest): FastifyBaseLogger | undefined {
    const record = this.#byRaw.get(clientRequestOf(request))
    return record && createRequestLogger(record)
  }

  /** Hears of no more scripts. */
  close(): void {
    this.#stopListening()
  }
}
