import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/** A folder that is there until the tests of this file have ended, or failed. Its path is real. */
export function createTemporaryFolder(t: Test): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'common-gateway-test-')))
  // Other users may read it: some tests run without the rights of its owner.
  chmodSync(folder, 0o755)
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file that can be run, and the folders above it. Returns its path. */
export function writeProgram(folder: string, name: string, text: string, mode = 0o755): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  // The mode given to writeFileSync is subject to the umask.
  chmodSync(file, mode)
  return file
}
