// oxlint-disable-next-line no-restricted-imports -- A browser is no script.
import { spawn } from 'node:child_process'
import { writeMessage } from '../text/command-message.js'

/** The program that opens a URL in the user's browser; BROWSER names another. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, string>>> = { darwin: 'open' }

/** Opens a URL in a browser, which outlives the command. */
export function openBrowser(url: string, { BROWSER: own }: NodeJS.ProcessEnv): void {
  const program = own !== undefined && own !== '' ? own : (OPENERS[process.platform] ?? 'xdg-open')
  const child = spawn(program, [url], { detached: true, stdio: 'ignore' })
  child.once('error', ({ message }) => writeMessage(`cannot open a browser: ${message}`))
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) writeMessage(`${program} could not open ${url}`)
  })
  child.unref()
}
