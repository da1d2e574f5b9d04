#!/usr/bin/env node
import { parseArguments } from './arguments.js'
import { CommandError } from './command-error.js'
import { tell } from './command-message.js'
import { keepCompiledCode } from './compile-cache.js'

keepCompiledCode()

/** Each kind of call loads what it needs: --help would otherwise take as long as a server's start. */
async function main(args: readonly string[]): Promise<void> {
  const call = parseArguments(args)
  switch (call.type) {
    case 'help': {
      const { HELP } = await import('./help.js')
      process.stdout.write(HELP)
      break
    }
    case 'version': {
      const { readVersion } = await import('./version.js')
      process.stdout.write(`common-gateway ${await readVersion()}\n`)
      break
    }
    case 'print-config': {
      const { createConfiguration } = await import('./configuration.js')
      const { createConfigReport } = await import('./config-report.js')
      process.stdout.write(createConfigReport(await createConfiguration(call)))
      break
    }
    case 'serve': {
      const { createConfiguration } = await import('./configuration.js')
      const configuration = await createConfiguration(call)
      const { serve } = await import('./serve.js')
      await serve(configuration, fail)
      break
    }
  }
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
