import { StringDecoder } from 'node:string_decoder'

/** A longer line is passed on in pieces of this size, in bytes. */
const LINE_LIMIT = 8 * 1024
/** The rate limit of one script. */
const BYTES_PER_SECOND = 64 * 1024
/** How much of the end of a flood is passed on, in bytes: it has the reason. */
const END_SIZE = 4 * 1024
/** The same in lines. */
const END_LINES = 100
/** The cost of a line beside its bytes, so that the rate limits a flood of short lines too. */
const LINE_COST = 64
const LF = 0x0a

/** Gets the lines of standard error. */
export interface LineConsumer {
  /** A line that is not empty, without its end. */
  line(text: string): void
  /** So many bytes before the next line exceeded the rate. */
  drop(bytes: number): void
}

/** Splits standard error into lines. */
export interface StandardErrorLines {
  /** Takes the next bytes, which may be overwritten afterwards. */
  write(chunk: Buffer): void
  /** Passes on the rest: the end of a flood, and a last line without LF. */
  end(): void
}

/**
 * Splits standard error into lines within a rate limit. The end of a flood is passed on when the flood is
 * over; the rest is dropped and counted. Memory holds no more than that end and one line.
 */
export function createStandardErrorLines(consumer: LineConsumer): StandardErrorLines {
  let line: Buffer[] = []
  let lineLength = 0
  let budget = BYTES_PER_SECOND
  let windowStart = performance.now()
  let excess = new Excess()
  /** Holds the first bytes of a character that two pieces of a long line share. */
  let decoder: StringDecoder | undefined

  function write(chunk: Buffer): void {
    let start = 0
    while (start < chunk.length) {
      const newline = chunk.indexOf(LF, start)
      const lineEnd = newline === -1 ? chunk.length : newline
      const pieceEnd = Math.min(lineEnd, start + LINE_LIMIT - lineLength)
      // A copy: a slice would keep the larger buffer of the chunk alive.
      line.push(Buffer.from(chunk.subarray(start, pieceEnd)))
      lineLength += pieceEnd - start
      const isComplete = pieceEnd === newline
      if (isComplete || lineLength === LINE_LIMIT) passLine(isComplete)
      start = isComplete ? pieceEnd + 1 : pieceEnd
    }
  }

  function passLine(isComplete: boolean): void {
    const length = lineLength
    const bytes = Buffer.concat(line)
    line = []
    lineLength = 0
    if (!spend(length + LINE_COST)) {
      excess.add(bytes)
      return
    }
    passExcess()
    decoder ??= new StringDecoder('utf8')
    passText(decoder.write(bytes) + (isComplete ? decoder.end() : ''))
  }

  function passText(text: string): void {
    const withoutCr = text.replace(/\r$/, '')
    if (withoutCr !== '') consumer.line(withoutCr)
  }

  function spend(cost: number): boolean {
    const now = performance.now()
    if (now - windowStart >= 1_000) {
      windowStart = now
      budget = BYTES_PER_SECOND
    }
    budget -= cost
    return budget >= 0
  }

  function passExcess(): void {
    const { lines, droppedBytes } = excess
    if (lines.length === 0) return
    excess = new Excess()
    decoder = undefined
    if (droppedBytes > 0) consumer.drop(droppedBytes)
    for (const excessLine of lines) passText(excessLine.toString())
  }

  function end(): void {
    if (lineLength > 0) passLine(true)
    passExcess()
  }

  return { write, end }
}

/** The last lines of a flood, and the number of bytes before them. */
class Excess {
  readonly lines: Buffer[] = []
  droppedBytes = 0
  #size = 0

  add(line: Buffer): void {
    const end = endOf(line)
    this.droppedBytes += line.length - end.length
    this.lines.push(end)
    this.#size += end.length
    while (this.#size > END_SIZE || this.lines.length > END_LINES) {
      const length = this.lines.shift()?.length ?? 0
      this.#size -= length
      this.droppedBytes += length
    }
  }
}

/** The end of a long line, from the first byte of a character on (UTF-8). */
function endOf(line: Buffer): Buffer {
  if (line.length <= END_SIZE) return line
  let start = line.length - END_SIZE
  while (start < line.length && ((line[start] ?? 0) & 0xc0) === 0x80) start += 1
  // A copy: a slice would keep the whole line alive.
  return Buffer.from(line.subarray(start))
}
