import { encodeScgiRequest, SCGI_END_SIZE } from '../protocol/scgi-request.js'
import type { Connection } from './connection.js'
import { ConnectionExchange, type ExchangeCall } from './exchange.js'
import { ScgiInput } from './request-input.js'

/** A request by SCGI: the answer is all that comes, and the connection ends with it. */
export class ScgiExchange extends ConnectionExchange {
  override readonly stdin: ScgiInput | null

  constructor(connection: Connection, call: ExchangeCall) {
    super(connection, { ...call, keepConnection: false })
    this.stdin = call.hasBody ? new ScgiInput(connection.socket) : null
    this.sendHead(encodeScgiRequest(call.environment), SCGI_END_SIZE, call)
  }

  override read(chunk: Buffer): void {
    this.pass(chunk, this.stdout)
  }

  override closed(error: Error | undefined): void {
    // Without a byte, it is the end of a connection and not of an answer.
    const isWhole = error === undefined ? this.hasAnswerBegun : this.#isBodyUnread(error)
    if (isWhole) this.finish({ type: 'complete', appStatus: 0, isReusable: false })
    else this.finish({ type: 'lost', error })
  }

  /**
   * Whether the application may have answered without reading the whole body: the system resets its connection then,
   * behind the answer.
   */
  #isBodyUnread(error: Error): boolean {
    const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
    return isReset && this.stdin !== null && this.hasAnswerBegun
  }

  protected override sendAbort(): void {}
}
