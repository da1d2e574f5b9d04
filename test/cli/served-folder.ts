import assert from 'node:assert/strict'
import { startServer } from '@internal/cli/server/server.js'
import { parseArguments } from '@internal/cli/settings/arguments.js'
import { createConfiguration } from '@internal/cli/settings/configuration.js'
import { openServerLog } from '@internal/cli/start/server-log.js'
import { writeStart } from '@internal/cli/start/start.js'
import { createPaint } from '@internal/cli/text/terminal-style.js'
import type { Test } from 'tap'
import { LineWatch } from './line-watch.js'

/** A folder that is served. */
export interface ServedFolder {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string
  readonly port: number
  /** The start screen and the log. */
  readonly output: string
  /** Resolves with the first line of the output, past or future, that matches. */
  outputs(pattern: RegExp): Promise<string>
  /** Stops as the command does at SIGTERM. */
  stop(): Promise<void>
}

/**
 * Serves a folder on a free port as the command does, in this process: the start of a process takes
 * longer than most tests. Signals, standard error and the exit code need the process of
 * `serveByCommand()`.
 */
export function serve(t: Test, folder: string, ...args: string[]): Promise<ServedFolder> {
  return serveArguments(t, [folder, '--port', '0', ...args])
}

/** What surrounds the command. */
export interface Surroundings {
  /** The working directory until the end of the test. */
  readonly cwd?: string
  /** The columns of the terminal; undefined if the output is not a terminal. */
  readonly columns?: number
  /** The variables that decide about colours. */
  readonly environment?: NodeJS.ProcessEnv
  /** The time that a client has for the header of a request, in milliseconds. */
  readonly clientTimeout?: number
}

/** Serves as the command does with these arguments, which name the port 0, by themselves or in a file. */
export async function serveArguments(
  t: Test,
  args: readonly string[],
  { cwd, columns, environment = {}, clientTimeout }: Surroundings = {},
): Promise<ServedFolder> {
  if (cwd !== undefined) changeFolder(t, cwd)
  const call = parseArguments(args)
  assert.equal(call.type, 'serve')
  const configuration = await createConfiguration(call)
  const output = Object.assign(new LineWatch(), { columns, isTTY: columns !== undefined })
  const paint = createPaint(output, environment)
  const log = openServerLog(configuration, output, paint)
  const server = await startServer(configuration, log.journal, clientTimeout)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= server.close().finally(() => output.end())
    return stopped
  }
  t.after(stop)
  log.begin(await writeStart(server, configuration, paint))
  return {
    url: /https?:\/\/\S+:\d+\//.exec(output.text)?.[0] ?? '',
    port: server.port,
    get output() {
      return output.text
    },
    outputs: (pattern) => output.find(pattern),
    stop,
  }
}

function changeFolder(t: Test, folder: string): void {
  const before = process.cwd()
  process.chdir(folder)
  t.after(() => process.chdir(before))
}
