import { writeMessage } from '../text/command-message.js'
import type { Configuration } from '../settings/configuration.js'
import { describeAddress } from '../server/server-address.js'
import { startServer } from '../server/server.js'
import { openServerLog } from './server-log.js'
import { writeStart } from './start.js'
import { onStopSignal } from './stop-signals.js'
import { createPaint } from '../text/terminal-style.js'

/** How long stopping can take before a message says what it waits for, in milliseconds. */
const MESSAGE_DELAY = 500

/** Serves until a signal stops it. @param fail - called with an error that occurs while it stops. */
export async function serve(
  configuration: Configuration,
  fail: (error: unknown) => void,
): Promise<void> {
  const paint = createPaint(process.stdout, process.env)
  const log = openServerLog(configuration, process.stdout, paint)
  const server = await startServer(configuration, log.journal)
  onStopSignal(() => {
    setTimeout(
      () => writeMessage('stopping: requests in progress have ten seconds to end'),
      MESSAGE_DELAY,
    ).unref()
    server.close().catch(fail)
  })
  log.begin(await writeStart(server, configuration, paint))
  const { open, bind } = configuration.settings
  if (open === true) {
    const { openBrowser } = await import('./browser.js')
    openBrowser(describeAddress(server.scheme, bind, server.port).url, process.env)
  }
}
