// oxlint-disable-next-line no-restricted-imports -- A browser is no script.
import { type ChildProcess, spawn } from 'node:child_process'
import { writeMessage } from '../text/command-message.js'
import { type BrowserCommand, browserCommands } from './browser-commands.js'

/** A browser that ends later has been open, and closed or crashed. In milliseconds. */
const LONGEST_FAILURE = 5_000

/** Opens a URL in a browser, which outlives the command. */
export function openBrowser(url: string, { BROWSER }: NodeJS.ProcessEnv): void {
  open(browserCommands(url, BROWSER), url)
}

/** Starts the first program; the next one, if it fails. */
function open([command, ...others]: readonly BrowserCommand[], url: string): void {
  if (command === undefined) return
  const [program, ...args] = command
  const start = performance.now()
  const fail = (message: string): void => {
    if (others.length > 0) open(others, url)
    else writeMessage(message)
  }
  const failToStart = (error: unknown): void => {
    fail(`cannot open a browser: ${error instanceof Error ? error.message : String(error)}`)
  }
  let child: ChildProcess
  try {
    child = spawn(program, args, { detached: true, stdio: 'ignore' })
  } catch (error) {
    // Some errors of the system are thrown: a path below a file, or one that is too long.
    failToStart(error)
    return
  }
  child.once('error', failToStart)
  child.once('exit', (code) => {
    const hasFailed = code !== 0 && code !== null && performance.now() - start < LONGEST_FAILURE
    if (hasFailed) fail(`${program} could not open ${url}`)
  })
  child.unref()
}
