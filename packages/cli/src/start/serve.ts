import { createClientAddress } from '../access/client-address.js'
import { writeMessage } from '../text/command-message.js'
import type { Configuration } from '../settings/configuration.js'
import { logAsJson } from '../log/json-log.js'
import { RequestJournal } from '../journal/request-journal.js'
import { startServer } from '../server/server.js'
import { writeStart } from './start.js'
import { onStopSignal } from './stop-signals.js'
import { createPaint } from '../text/terminal-style.js'
import { logAsText } from '../log/text-log.js'

/** How long stopping can take before a message says what it waits for, in milliseconds. */
const MESSAGE_DELAY = 500

/** Serves until a signal stops it. @param fail - called with an error that occurs while it stops. */
export async function serve(
  configuration: Configuration,
  fail: (error: unknown) => void,
): Promise<void> {
  const paint = createPaint(process.stdout, process.env)
  const journal = new RequestJournal(createClientAddress(configuration.settings['trust-proxy']))
  /** Log lines of requests that arrive before the start screen is written. */
  let early: string[] | null = []
  const log = (text: string): void => {
    if (early === null) process.stdout.write(text)
    else early.push(text)
  }
  if (configuration.settings.log === 'json') {
    logAsJson(journal, log)
  } else {
    const { folder } = configuration
    // Read for every line: the width of a terminal can change.
    logAsText(journal, () => ({ paint, folder, columns: process.stdout.columns }), log)
  }
  const server = await startServer(configuration, journal)
  onStopSignal(() => {
    setTimeout(
      () => writeMessage('stopping: requests in progress have ten seconds to end'),
      MESSAGE_DELAY,
    ).unref()
    server.close().catch(fail)
  })
  process.stdout.write((await writeStart(server, configuration, paint)) + early.join(''))
  early = null
}
