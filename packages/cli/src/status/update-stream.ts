import { Readable } from 'node:stream'

/** The stream of server-sent events to one page. It buffers at most one message. */
export class UpdateStream extends Readable {
  /** Sequence number of the last request sent to it; undefined if it shows another server. */
  sequence: number | undefined
  /** The last version sent to it. */
  version = 0
  sentAt = 0
  /** Whether it has read the last message. */
  isReady = false

  constructor(sequence: number | undefined) {
    super({ highWaterMark: 1 })
    this.sequence = sequence
  }

  send(message: string): void {
    this.isReady = false
    this.sentAt = Date.now()
    this.push(message)
  }

  /** Ends the stream. A slow reader still gets the buffered message. */
  end(): void {
    this.isReady = false
    this.push(null)
  }

  override _read(): void {
    this.isReady = true
  }
}
