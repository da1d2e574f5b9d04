#!/usr/bin/env node
import { parseArguments } from './arguments.js'
import { CommandError } from './command-error.js'
import { createConfigReport } from './config-report.js'
import { type Configuration, createConfiguration } from './configuration.js'
import { HELP } from './help.js'
import { logAsJson } from './json-log.js'
import { toPrintable } from './printable.js'
import { RequestJournal } from './request-journal.js'
import { startServer } from './server.js'
import { readVersion, writeStart } from './start.js'
import { onStopSignal } from './stop-signals.js'
import { createPaint } from './terminal-style.js'
import { logAsText } from './text-log.js'

/** How long stopping may take before a person is told what it waits for, in milliseconds. */
const PATIENCE = 500

async function main(args: readonly string[]): Promise<void> {
  const call = parseArguments(args)
  switch (call.type) {
    case 'help':
      write(HELP)
      break
    case 'version':
      write(`common-gateway ${await readVersion()}\n`)
      break
    case 'print-config':
      write(createConfigReport(await createConfiguration(call)))
      break
    case 'serve':
      await serve(await createConfiguration(call))
      break
  }
}

async function serve(configuration: Configuration): Promise<void> {
  const paint = createPaint(process.stdout, process.env)
  const journal = new RequestJournal()
  /** What is written of requests that come before the server has been introduced. */
  let early: string[] | null = []
  const log = (text: string): void => {
    if (early === null) write(text)
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
  write((await writeStart(server, configuration, paint)) + early.join(''))
  early = null
}

function write(text: string): void {
  process.stdout.write(text)
}

function tell(message: string): void {
  process.stderr.write(`common-gateway: ${toPrintable(message)}\n`)
}

function fail(error: unknown): void {
  if (!(error instanceof CommandError)) throw error
  tell(error.message)
  process.exitCode = error.exitCode
}

// Whoever read the log may leave (`common-gateway | head`): no reason to stop serving.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

main(process.argv.slice(2)).catch(fail)
