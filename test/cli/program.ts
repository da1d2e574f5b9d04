import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { NO_HANG } from './command.js'

/**
 * Options for a test that cannot run without a program, given by its name or its path; its package
 * in Debian has the same name. Where it is missing, the test is skipped and says what to install. In
 * CI (the variable CI is set), that is a failure.
 */
export function needs(program: string): { timeout: number; skip: string | false } {
  const folders = path.isAbsolute(program) ? [''] : (process.env['PATH'] ?? '').split(':')
  if (folders.some((folder) => isExecutable(path.join(folder, program)))) {
    return { ...NO_HANG, skip: false }
  }
  const advice = `needs ${program}: sudo apt-get install ${path.basename(program)}`
  if (process.env['CI']) {
    void t.test(`${program} can be found`, async () => {
      throw new Error(advice)
    })
  }
  return { ...NO_HANG, skip: advice }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
