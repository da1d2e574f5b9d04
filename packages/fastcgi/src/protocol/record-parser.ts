import { END_REQUEST, HEADER_SIZE, MANAGEMENT_ID, STDERR, STDOUT, VERSION } from './record.js'
import type { RequestIds } from './request-ids.js'

/** The callbacks of a parser. Either `endRequest` or `fault` is called once, and nothing after it. */
export interface RecordReader {
  /** A part of standard output, in the memory of the chunk that was parsed. */
  standardOutput(part: Buffer): void
  /** A part of standard error, in the memory of the chunk that was parsed. */
  standardError(part: Buffer): void
  /** END_REQUEST. */
  endRequest(appStatus: number, protocolStatus: number): void
  /** The bytes are not FastCGI. */
  fault(reason: string): void
}

/** The size of a header, and of the content of END_REQUEST. */
const FIELD_SIZE = HEADER_SIZE
/** Instead of a type: the content is skipped. */
const SKIPPED = 0

/**
 * Parses the records of one answer, wherever they are cut. Parts of records are passed on as they come; the only bytes
 * that it keeps are those of a cut header or END_REQUEST.
 */
export class RecordParser {
  readonly #ids: RequestIds
  /** The type of the record. */
  #type = SKIPPED
  #contentLeft = 0
  #paddingLeft = 0
  /** The beginning of a header or of an END_REQUEST that is cut. */
  #field: Buffer | undefined
  #fieldSize = 0
  #isOver = false
  #isClean = false
  /** Standard output that has been parsed, but not passed on: a range of the chunk. */
  #from = 0
  #to = 0

  /** @param ids - those of the connection; the request has begun. */
  constructor(ids: RequestIds) {
    this.#ids = ids
  }

  /** Whether the answer has ended, with its padding, and no byte has come after it. */
  get isClean(): boolean {
    return this.#isClean
  }

  /**
   * Parses the next bytes. Throws only what the reader throws.
   *
   * @param chunk - its content is changed: parts of standard output are moved together, so that the reader is called once. To
   *   move a part costs less than to write it to the client on its own.
   */
  push(chunk: Buffer, reader: RecordReader): void {
    if (this.#isOver) this.#isClean = false
    let at = 0
    while (at < chunk.length && !this.#isOver) {
      if (this.#contentLeft > 0) at = this.#readContent(chunk, at, reader)
      else if (this.#paddingLeft > 0 && this.#type !== END_REQUEST) {
        const size = Math.min(this.#paddingLeft, chunk.length - at)
        this.#paddingLeft -= size
        at += size
      } else at = this.#readField(chunk, at, reader)
    }
    this.#passOutput(chunk, reader)
  }

  #readField(chunk: Buffer, at: number, reader: RecordReader): number {
    if (this.#fieldSize === 0 && chunk.length - at >= FIELD_SIZE) {
      this.#useField(chunk, at, chunk, at + FIELD_SIZE, reader)
      return at + FIELD_SIZE
    }
    this.#field ??= Buffer.alloc(FIELD_SIZE)
    const end = Math.min(at + FIELD_SIZE - this.#fieldSize, chunk.length)
    this.#fieldSize += chunk.copy(this.#field, this.#fieldSize, at, end)
    if (this.#fieldSize === FIELD_SIZE) {
      this.#fieldSize = 0
      this.#useField(this.#field, 0, chunk, end, reader)
    }
    return end
  }

  #useField(field: Buffer, at: number, chunk: Buffer, end: number, reader: RecordReader): void {
    if (this.#type === END_REQUEST) {
      this.#isOver = true
      this.#isClean = chunk.length - end === this.#paddingLeft
      this.#passOutput(chunk, reader)
      reader.endRequest(field.readInt32BE(at), field.readUInt8(at + 4))
      return
    }
    const fault = this.#begin(field, at)
    if (fault === undefined) return
    this.#isOver = true
    this.#passOutput(chunk, reader)
    reader.fault(fault)
  }

  /** @returns the fault of the header, if it has one. */
  #begin(header: Buffer, at: number): string | undefined {
    const version = header.readUInt8(at)
    if (version !== VERSION) return `version ${version}`
    const type = header.readUInt8(at + 1)
    const id = header.readUInt16BE(at + 2)
    const length = header.readUInt16BE(at + 4)
    this.#paddingLeft = header.readUInt8(at + 6)
    this.#contentLeft = length
    const isOfRequest = type === STDOUT || type === STDERR || type === END_REQUEST
    // A later version of the protocol may have other types; they do not concern this request.
    if (!isOfRequest || id === MANAGEMENT_ID) this.#type = SKIPPED
    else {
      const owner = this.#ids.ownerOf(id)
      if (owner === 'unknown') return `request id ${id}`
      this.#type = owner === 'this' ? type : SKIPPED
    }
    if (this.#type !== END_REQUEST) return undefined
    if (length !== FIELD_SIZE) return `END_REQUEST of ${length} bytes`
    this.#contentLeft = 0
    return undefined
  }

  #readContent(chunk: Buffer, at: number, reader: RecordReader): number {
    const end = Math.min(at + this.#contentLeft, chunk.length)
    this.#contentLeft -= end - at
    if (this.#type === STDOUT) this.#addOutput(chunk, at, end)
    else if (this.#type === STDERR) {
      this.#passOutput(chunk, reader)
      reader.standardError(chunk.subarray(at, end))
    }
    return end
  }

  #addOutput(chunk: Buffer, at: number, end: number): void {
    if (this.#from === this.#to) {
      this.#from = at
      this.#to = end
    } else {
      chunk.copyWithin(this.#to, at, end)
      this.#to += end - at
    }
  }

  #passOutput(chunk: Buffer, reader: RecordReader): void {
    if (this.#from === this.#to) return
    const part = chunk.subarray(this.#from, this.#to)
    this.#from = this.#to = 0
    reader.standardOutput(part)
  }
}
