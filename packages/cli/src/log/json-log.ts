import type { RequestJournal } from '../journal/request-journal.js'

/**
 * Writes one line of JSON for each event: `stderr` for a line of a script's standard error, `request` for a
 * request that has ended. (The event `start` is written elsewhere, when the server listens.)
 */
export function logAsJson(journal: RequestJournal, write: (text: string) => void): void {
  journal.on('line', ({ id, script, pid, upstream }, line) => {
    const time = new Date().toISOString()
    write(toJsonLine({ event: 'stderr', time, id, script, pid, upstream, line }))
  })
  journal.on('end', (record) => {
    const { id, startTime, method, url, client, script, pid, upstream, queueTime, status } = record
    const { headerTime, duration, bytesIn, bytesOut, exitCode, signal, error } = record
    write(
      toJsonLine({
        event: 'request',
        time: new Date(startTime).toISOString(),
        id,
        method,
        url,
        client,
        status,
        script,
        pid,
        upstream,
        queueTime: round(queueTime),
        headerTime: round(headerTime),
        duration: round(duration),
        bytesIn,
        bytesOut,
        exitCode,
        signal: signal ?? undefined,
        error,
        droppedBytes: record.unloggedBytes || undefined,
        isAborted: record.isAborted || undefined,
      }),
    )
  })
}

/** An object as one line of JSON without characters that control a terminal. */
export function toJsonLine(value: object): string {
  const json = JSON.stringify(value).replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    },
  )
  return `${json}\n`
}

/** Rounds to microseconds. */
function round(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 1_000) / 1_000
}
