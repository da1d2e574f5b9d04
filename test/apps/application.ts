import type { CgiOptions } from '@common-gateway/core'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { fileURLToPath } from 'node:url'
import type { Adapter, RunningGateway } from '../support/adapters.js'

/** The folder with the scripts of these tests. */
export const FIXTURES = fileURLToPath(new URL('../../fixtures/apps', import.meta.url))

/** A test that hangs has failed; real programs and a busy machine need some time, though. */
export const NO_HANG = { timeout: 60_000 }

/** Starts an application with the gateway at a path, mounted the way that users of it would. */
export async function startAt(
  t: Test,
  adapter: Adapter,
  mount: string,
  options: CgiOptions<never>,
): Promise<RunningGateway> {
  const gateway = await adapter.start({ mount, options })
  t.after(() => gateway.close())
  return gateway
}

/** A folder that is gone after the suite. */
export function makeFolder(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-apps-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}
