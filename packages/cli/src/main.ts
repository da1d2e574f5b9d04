#!/usr/bin/env node
import { parseArguments } from './settings/arguments.js'
import { CommandError } from './settings/command-error.js'
import { writeMessage } from './text/command-message.js'
import { keepCompiledCode } from './start/compile-cache.js'

keepCompiledCode()

/** Every call type imports only the modules it needs, so that --help does not load the server. */
async function main(args: readonly string[]): Promise<void> {
  const call = parseArguments(args)
  switch (call.type) {
    case 'help': {
      const { HELP } = await import('./settings/help.js')
      process.stdout.write(HELP)
      break
    }
    case 'version': {
      const { readVersion } = await import('./settings/version.js')
      process.stdout.write(`common-gateway ${await readVersion()}\n`)
      break
    }
    case 'completion': {
      const { writeCompletion } = await import('./settings/completion.js')
      process.stdout.write(writeCompletion(call.shell ?? ''))
      break
    }
    case 'man': {
      const { readVersion } = await import('./settings/version.js')
      const { writeManualPage } = await import('./settings/manual-page.js')
      process.stdout.write(writeManualPage(await readVersion(), new Date()))
      break
    }
    case 'print-config': {
      const { createConfiguration } = await import('./settings/configuration.js')
      const { createConfigReport } = await import('./settings/config-report.js')
      process.stdout.write(createConfigReport(await createConfiguration(call)))
      break
    }
    case 'serve': {
      const { createConfiguration } = await import('./settings/configuration.js')
      const configuration = await createConfiguration(call)
      const { serve } = await import('./start/serve.js')
      await serve(configuration, fail)
      break
    }
  }
}

function fail(error: unknown): void {
  if (!(error instanceof CommandError)) throw error
  writeMessage(error.message)
  process.exitCode = error.exitCode
}

// EPIPE: the reader of the log has ended (`common-gateway | head`). The server keeps running.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

main(process.argv.slice(2)).catch(fail)
