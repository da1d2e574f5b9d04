import { createClientAddress } from '../access/client-address.js'
import { tell } from '../text/command-message.js'
import type { Configuration } from '../settings/configuration.js'
import { logAsJson } from '../log/json-log.js'
import { RequestJournal } from '../journal/request-journal.js'
import { startServer } from '../server/server.js'
import { writeStart } from './start.js'
import { onStopSignal } from './stop-signals.js'
import { createPaint } from '../text/terminal-style.js'
import { logAsText } from '../log/text-log.js'

/** How long stopping may take before a person is told what it waits for, in milliseconds. */
const PATIENCE = 500

/** Serves until a signal stops it. @param fail - called with what goes wrong while it stops. */
export async function serve(
  configuration: Configuration,
  fail: (error: unknown) => void,
): Promise<void> {
  const paint = createPaint(process.stdout, process.env)
  const journal = new RequestJournal(createClientAddress(configuration.settings['trust-proxy']))
  /** What is written of requests that come before the server has been introduced. */
  let early: string[] | null = []
  const log = (text: string): void => {
    if (early === null) process.stdout.write(text)
    else early.push(text)
  }
  if (configuration.settings.log === 'json') {
    logAsJson(journal, log)
  } else {
    const { folder } = configuration
    // A terminal may be made wider or narrower.
    logAsText(journal, () => ({ paint, folder, columns: process.stdout.columns }), log)
  }
  const server = await startServer(configuration, journal)
  onStopSignal(() => {
    setTimeout(() => tell('stopping: what is under way has ten seconds to end'), PATIENCE).unref()
    server.close().catch(fail)
  })
  process.stdout.write((await writeStart(server, configuration, paint)) + early.join(''))
  early = null
}
