import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/** The path of a file that does not exist, in a folder that is removed after the test. */
export function temporaryFile(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return path.join(folder, 'file')
}
