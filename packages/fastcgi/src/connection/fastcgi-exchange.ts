import { ABORT_REQUEST, encodeRecord, REQUEST_COMPLETE } from '../protocol/record.js'
import { RecordParser, type RecordReader } from '../protocol/record-parser.js'
import { encodeRequest, endSizeOf } from '../protocol/request.js'
import { RequestIds } from '../protocol/request-ids.js'
import type { Connection } from './connection.js'
import { ConnectionExchange, type ExchangeCall } from './exchange.js'
import { FastcgiInput } from './request-input.js'

/** A request by FastCGI. */
export class FastcgiExchange extends ConnectionExchange implements RecordReader {
  override readonly stdin: FastcgiInput | null
  readonly #id: number
  readonly #parser: RecordParser

  /** @throws {CgiError} CGI_ERR_FIELD_TOO_LARGE, CGI_ERR_TARGET_TOO_LONG; the connection has not been used then. */
  constructor(connection: Connection, call: ExchangeCall) {
    super(connection, call)
    const ids = (connection.requestIds ??= new RequestIds(call.keepConnection))
    this.#id = ids.next()
    this.#parser = new RecordParser(ids)
    const request = encodeRequest({ ...call, id: this.#id })
    this.stdin = call.hasBody ? new FastcgiInput(connection.socket, this.#id) : null
    this.sendHead(request, endSizeOf(call), call)
  }

  override read(chunk: Buffer): void {
    this.#parser.push(chunk, this)
  }

  override closed(error: Error | undefined): void {
    this.finish({ type: 'lost', error })
  }

  standardOutput(part: Buffer): void {
    this.pass(part, this.stdout)
  }

  standardError(part: Buffer): void {
    this.pass(part, this.stderr)
  }

  endRequest(appStatus: number, protocolStatus: number): void {
    if (protocolStatus !== REQUEST_COMPLETE) {
      this.finish({ type: 'rejected', protocolStatus })
      return
    }
    // An application need not have read the body, and libfcgi takes what is left of it for the next request.
    const isInputRead = this.stdin === null && this.connection.socket.writableLength === 0
    const isTaken = !this.isHeldBack && isInputRead
    const isReusable = this.keepConnection && !this.isAborted && isTaken && this.#parser.isClean
    this.finish({ type: 'complete', appStatus, isReusable })
  }

  fault(reason: string): void {
    this.finish({ type: 'fault', reason })
  }

  protected override sendAbort(): void {
    // Behind a write that is still pending it would be discarded with it, or be part of it.
    const isIdle = this.connection.socket.writableLength === 0
    if (this.keepConnection || isIdle)
      this.connection.write(encodeRecord(ABORT_REQUEST, this.#id, ''))
  }
}
