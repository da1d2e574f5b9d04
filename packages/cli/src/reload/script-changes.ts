import type { SourceCheck } from '../site/source-check.js'

/** A file that has changed, and when, in milliseconds since 1970. */
export interface FileChange {
  readonly file: string
  readonly time: number
}

/** A request to a script; `end` is undefined while the script runs. */
export interface ScriptTime {
  readonly startTime: number
  readonly end?: number
  /** Whether it is for a page, and not from one, as that of an event stream is. */
  readonly isForPage: boolean
}

/** So many ended runs are remembered. */
const MOST_RUNS = 100

/** An event comes a little after its change, in milliseconds. */
const TOLERANCE = 100

/** Linux dates files by its last tick, at most 10 ms ago: a quick script's file may be older than the request. */
const TICK = 10

/** A script for no page that runs for longer streams, in milliseconds. Few write files for browsers by then. */
const LONGEST_BEGINNING = 5_000

/** Files for browsers that people write. Scripts are found by their source. */
const PAGE = /\.(?:x?html?|css|m?js|svg|md)$/i

/**
 * Decides whether a script may have changed a file. A script that writes a file for each request would reload its own
 * page for ever; one that is slow would also be stopped by the reload of the page before. But an event stream lasts as
 * long as its page is open: only its data are its own then.
 */
export class ScriptChanges {
  readonly #ended: Required<ScriptTime>[] = []

  /** @param isSource - whether a file can be the source of a script. */
  constructor(private readonly isSource: SourceCheck) {}

  /** Remembers a run that has ended. */
  add({ startTime, isForPage }: ScriptTime, end: number): void {
    this.#ended.push({ startTime, isForPage, end: end + TOLERANCE })
    if (this.#ended.length > MOST_RUNS) this.#ended.shift()
  }

  /** @param open - the requests to scripts that run now. */
  isOfScript({ file, time }: FileChange, open: readonly ScriptTime[]): boolean {
    const running = [...this.#ended, ...open].filter(
      ({ startTime, end = Number.POSITIVE_INFINITY }) => {
        return startTime - TICK <= time && time <= end
      },
    )
    const mayWritePages = running.some(({ startTime, isForPage }) => {
      return isForPage || time <= startTime + LONGEST_BEGINNING
    })
    return mayWritePages || (running.length > 0 && !this.#isOfDeveloper(file))
  }

  #isOfDeveloper(file: string): boolean {
    if (PAGE.test(file)) return true
    try {
      return this.isSource(file, file)
    } catch {
      // It is gone, or cannot be read.
      return false
    }
  }
}
