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
  /** A request has arrived. */
  open: [record: RequestRecord]
  /** A field has changed. Not emitted for `bytesIn` and `bytesOut`, which consumers poll. */
  change: [record: RequestRecord]
  /** A script has written a line to standard error. `record.standardError` contains it. */
  line: [record: RequestRecord, line: string]
  /** The response and the scripts of the request have ended. The record does not change any more. */
  end: [record: RequestRecord]
}

/**
 * Emits the progress of every request that reaches the server, whether a script, a file or an error answers
 * it. A request is dropped when it ends; a consumer keeps its own history.
 */
export class RequestJournal extends EventEmitter<JournalEvents> {
  readonly #open = new Set<OpenRequest>()
  /** Records by their node:http or node:http2 request. */
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
    const { method, url, headers } = request
    const isForPage = headers.accept?.includes('text/html') === true
    const record = this.#begin({ method, url, client: this.#clientOf(request), isForPage })
    this.#byRaw.set(request, record)
    watchResponse(request, response, record)
    this.emit('open', record)
  }

  /** Records a malformed request and the status it was answered with. */
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

  /** The logger that writes to the record of a request; undefined where the request is not watched. */
  loggerOf(request: RawRequest): FastifyBaseLogger | undefined {
    const record = this.#byRaw.get(clientRequestOf(request))
    return record && createRequestLogger(record)
  }

  /** Unsubscribes from the channels of the gateways. */
  close(): void {
    this.#stopListening()
  }
}
