#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArguments, type Site } from './arguments.js'
import { CommandError } from './command-error.js'
import { HELP } from './help.js'
import { toPrintable } from './printable.js'
import { startServer } from './server.js'
import { onStopSignal } from './stop-signals.js'

/** How long stopping may take before a person is told what it waits for, in milliseconds. */
const PATIENCE = 500

async function main(args: readonly string[]): Promise<void> {
  const call = parseArguments(args)
  switch (call.type) {
    case 'help':
      process.stdout.write(HELP)
      break
    case 'version':
      process.stdout.write(`common-gateway ${await readVersion()}\n`)
      break
    case 'serve':
      await serve(call.site)
      break
  }
}

async function serve(site: Site): Promise<void> {
  const server = await startServer(site)
  onStopSignal(() => {
    setTimeout(() => tell('stopping: what is under way has ten seconds to end'), PATIENCE).unref()
    server.close().catch(fail)
  })
  const note = server.hasScripts ? '' : ' (there is no cgi-bin in it)'
  process.stdout.write(toPrintable(`${server.url} serves ${server.folder}${note}`) + '\n')
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  // The package's own file: it is there, and has a version.
  return (JSON.parse(text) as { version: string }).version
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
