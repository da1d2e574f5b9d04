import { StringDecoder } from 'node:string_decoder'
import type { CgiLogger } from './logger.js'

/** A longer line is logged in pieces, in bytes. */
const LINE_LIMIT = 8 * 1024
/** How much one script may have logged in each second, in bytes. */
const BYTES_PER_SECOND = 64 * 1024
/** What a line costs beyond its bytes, so that a flood of short lines is one too. */
const LINE_COST = 64
const LF = 0x0a

/** Takes a script's standard error and logs it line by line. */
export interface StandardErrorLog {
  /** Takes the next bytes. */
  write(chunk: Buffer): void
  /** Logs what is left: a last line without an end, and how much was dropped. */
  end(): void
}

/**
 * Logs each line of a script's standard error as a warning. What exceeds the rate is dropped and
 * counted; no more than one line is ever held in memory.
 *
 * @param facts - what each message carries: the script, its pid.
 */
export function createStandardErrorLog(logger: CgiLogger, facts: object): StandardErrorLog {
  let line: Buffer[] = []
  let lineLength = 0
  let budget = BYTES_PER_SECOND
  let windowStart = performance.now()
  let droppedBytes = 0
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
      droppedBytes += length
      return
    }
    reportDropped()
    decoder ??= new StringDecoder('utf8')
    const text = decoder.write(bytes).replace(/\r$/, '') + (isComplete ? decoder.end() : '')
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

  function reportDropped(): void {
    if (droppedBytes === 0) return
    logger.warn(
      { ...facts, droppedBytes },
      'standard error of the script came too fast: some was dropped',
    )
    droppedBytes = 0
  }

  function end(): void {
    if (lineLength > 0) logLine(true)
    reportDropped()
  }

  return { write, end }
}
