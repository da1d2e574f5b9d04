import assert from 'node:assert/strict'
import { createClientAddress } from '@internal/cli/access/client-address.js'
import { RequestJournal } from '@internal/cli/journal/request-journal.js'
import { startServer } from '@internal/cli/server/server.js'
import { parseArguments } from '@internal/cli/settings/arguments.js'
import { CommandError } from '@internal/cli/settings/command-error.js'
import { createConfigReport } from '@internal/cli/settings/config-report.js'
import { createConfiguration } from '@internal/cli/settings/configuration.js'
import { toPrintable } from '@internal/cli/text/printable.js'

/** What the command writes to standard error, and the exit code that it sets. */
export interface Refusal {
  readonly code: number
  readonly message: string
}

/**
 * Gives the command arguments that it must refuse, in this process: a process of its own takes longer
 * than all that is tested by it.
 */
export async function refuse(args: readonly string[], folder = process.cwd()): Promise<Refusal> {
  try {
    await inFolder(folder, () => start(args))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    // One line, so that nothing that comes from an argument begins another.
    assert.match(toPrintable(error.message), /^[^\n]+$/)
    return { code: error.exitCode, message: toPrintable(error.message) }
  }
  assert.fail(`not refused: ${args.join(' ')}`)
}

/** What `--print-config` prints for these arguments. */
export async function printConfig(args: readonly string[], folder: string): Promise<string> {
  return inFolder(folder, async () => {
    const call = parseArguments([...args, '--print-config'])
    assert.equal(call.type, 'print-config')
    return createConfigReport(await createConfiguration(call))
  })
}

async function start(args: readonly string[]): Promise<void> {
  const call = parseArguments(args)
  const configuration = await createConfiguration(call)
  if (call.type !== 'serve') return
  const { settings } = configuration
  const journal = new RequestJournal(createClientAddress(settings['trust-proxy']))
  try {
    const server = await startServer(configuration, journal)
    await server.close()
  } finally {
    journal.close()
  }
}

/** Paths in arguments start at the working directory. */
async function inFolder<T>(folder: string, action: () => Promise<T>): Promise<T> {
  const before = process.cwd()
  process.chdir(folder)
  try {
    return await action()
  } finally {
    process.chdir(before)
  }
}
