import { createClientAddress } from '../access/client-address.js'
import { RequestJournal } from '../journal/request-journal.js'
import { logAsJson } from '../log/json-log.js'
import { logAsText } from '../log/text-log.js'
import type { Configuration } from '../settings/configuration.js'
import type { Output, Paint } from '../text/terminal-style.js'

/** The output that the start screen and the log are written to. */
export interface LogOutput extends Output {
  write(text: string): unknown
}

/** The requests of a server, and the log of them. */
export interface ServerLog {
  readonly journal: RequestJournal
  /** Writes the start screen, then the log lines of the requests that arrived before it. */
  begin(startScreen: string): void
}

/** Opens the log of a server on an output. */
export function openServerLog(
  { folder, settings }: Configuration,
  output: LogOutput,
  paint: Paint,
): ServerLog {
  const journal = new RequestJournal(createClientAddress(settings['trust-proxy']))
  /** Log lines from before the start screen. */
  let early: string[] | null = []
  const write = (text: string): void => {
    if (early === null) output.write(text)
    else early.push(text)
  }
  // Reads the columns for every line: the width of a terminal can change.
  if (settings.log === 'json') logAsJson(journal, write)
  else logAsText(journal, () => ({ paint, folder, columns: output.columns }), write)
  return {
    journal,
    begin(startScreen) {
      output.write(startScreen + (early ?? []).join(''))
      early = null
    },
  }
}
