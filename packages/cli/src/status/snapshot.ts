import type { RequestRecord } from '../journal/request-record.js'

/** A request as it was at one moment, with nothing of the server behind it. */
export interface Snapshot extends RequestRecord {
  /** How many lines of standard error came before those that are here. */
  readonly earlierLines: number
  /** How many characters of the URL came after those that are here. */
  readonly urlRest: number
}

/** How much of a URL is kept: more than people read. Whoever likes to can send thousands. */
const MOST_URL = 1_000

/** How much of the end of standard error is kept: a long traceback, and not a log. */
const MOST_LINES = 80
const MOST_CHARACTERS = 8 * 1024

/** A record holds on to its scripts, and these to the connection: nobody keeps one that has ended. */
export function snapshotOf(record: RequestRecord): Snapshot {
  const lines = tailOf(record.standardError)
  return {
    id: record.id,
    startTime: record.startTime,
    method: record.method,
    url: record.url.slice(0, MOST_URL),
    urlRest: Math.max(0, record.url.length - MOST_URL),
    client: record.client,
    isScript: record.isScript,
    script: record.script,
    pid: record.pid,
    isWaiting: record.isWaiting,
    queueTime: record.queueTime,
    status: record.status,
    headerTime: record.headerTime,
    duration: record.duration,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    exitCode: record.exitCode,
    signal: record.signal,
    error: record.error,
    standardError: lines,
    earlierLines: record.standardError.length - lines.length,
    droppedBytes: record.droppedBytes,
    unloggedBytes: record.unloggedBytes,
    isAborted: record.isAborted,
  }
}

function tailOf(lines: readonly string[]): readonly string[] {
  const tail: string[] = []
  let length = 0
  for (const line of lines.slice(-MOST_LINES).toReversed()) {
    length += line.length
    if (length > MOST_CHARACTERS && tail.length > 0) break
    tail.push(line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line)
  }
  return tail.toReversed()
}
