import type { RequestRecord } from '../journal/request-record.js'

/** A copy of a record at one moment, without references to the server. */
export interface Snapshot extends RequestRecord {
  /** How many earlier lines of standard error are left out. */
  readonly earlierLines: number
  /** How many characters at the end of the URL are left out. */
  readonly urlRest: number
}

/** The most characters of a URL that are kept. A client can send thousands. */
const MOST_URL = 1_000

/** The most characters at the end of standard error that are kept: room for a long traceback. */
const MOST_LINES = 80
const MOST_CHARACTERS = 8 * 1024

/** Copies a record. The record itself references its runs and their connection, so it is not kept. */
export function snapshotOf(record: RequestRecord): Snapshot {
  const lines = tailOf(record.standardError)
  return {
    id: record.id,
    startTime: record.startTime,
    method: record.method,
    url: record.url.slice(0, MOST_URL),
    urlRest: Math.max(0, record.url.length - MOST_URL),
    client: record.client,
    isForPage: record.isForPage,
    isScript: record.isScript,
    script: record.script,
    pid: record.pid,
    upstream: record.upstream,
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
