import { StringDecoder } from 'node:string_decoder'
import type { CgiLogger } from '../data/logger.js'

/** A longer line is logged in pieces, in bytes. */
const LINE_LIMIT = 8 * 1024
/** How much one script may have logged in each second, in bytes. */
const BYTES_PER_SECOND = 64 * 1024
/** How much of the end of what was too much is logged after all, in bytes: it has the reason. */
const END_SIZE = 4 * 1024
/** And in how many lines. */
const END_LINES = 100
/** What a line costs beyond its bytes, so that a flood of short lines is one too. */
const LINE_COST = 64
const LF = 0x0a

/** Takes a script's standard error and logs it line by line. */
export interface StandardErrorLog {
  /** Takes the next bytes. */
  write(chunk: Buffer): void
  /** Logs what is left: a last line without an end, how much was dropped, and the end of that. */
  end(): void
}

/**
 * Logs each line of a script's standard error as a warning. Of what exceeds the rate, the end is logged
 * when the flood is over; the rest is dropped and counted. No more than that end and one line are ever
 * held in memory.
 *
 * @param facts - what each message carries: the script, its pid.
 */
export function createStandardErrorLog(logger: CgiLogger, facts: object): StandardErrorLog {
  let line: Buffer[] = []
  let lineLength = 0
  let budget = BYTES_PER_SECOND
  let windowStart = performance.now()
  let excess = new Excess()
  /** Keeps the beginning of a character that a piece of a long line was cut in. */
  let decoder: StringDecoder | undefined

  function write(chunk: Buffer): void {
    let start = 0
    while (start < chunk.length) {
      const newline = chunk.indexOf(LF, start)
      const lineEnd = newline === -1 ? chunk.length : newline
      const pieceEnd = Math.min(lineEnd, start + LINE_LIMIT - lineLength)
      // A copy: the chunk is a slice of a larger buffer, which a short line would keep alive.
      line.push(Buffer.from(chunk.subarray(start, pieceEnd)))
      lineLength += pieceEnd - start
      const isComplete = pieceEnd === newline
      if (isComplete || lineLength === LINE_LIMIT) logLine(isComplete)
      start = isComplete ? pieceEnd + 1 : pieceEnd
    }
  }

  function logLine(isComplete: boolean): void {
    const length = lineLength
    const bytes = Buffer.concat(line)
    line = []
    lineLength = 0
    if (!spend(length + LINE_COST)) {
      excess.add(bytes)
      return
    }
    logExcess()
    decoder ??= new StringDecoder('utf8')
    logText(decoder.write(bytes) + (isComplete ? decoder.end() : ''))
  }

  function logText(words: string): void {
    const text = words.replace(/\r$/, '')
    if (text !== '') logger.warn(facts, text)
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

  function logExcess(): void {
    const { lines, droppedBytes } = excess
    if (lines.length === 0) return
    excess = new Excess()
    decoder = undefined
    if (droppedBytes > 0) {
      logger.warn(
        { ...facts, droppedBytes },
        'standard error of the script came too fast: some was dropped',
      )
    }
    for (const each of lines) logText(each.toString())
  }

  function end(): void {
    if (lineLength > 0) logLine(true)
    logExcess()
  }

  return { write, end }
}

/** What came too fast: its last lines, and how much there was before them. */
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

/** The end of a long line, from the beginning of a character on (UTF-8). */
function endOf(line: Buffer): Buffer {
  if (line.length <= END_SIZE) return line
  let start = line.length - END_SIZE
  while (start < line.length && ((line[start] ?? 0) & 0xc0) === 0x80) start += 1
  // A copy: a slice would keep all of the line alive.
  return Buffer.from(line.subarray(start))
}
