import type { EventEmitter } from 'node:events'
import { attempt } from './attempt.js'

/** A value of unknown shape. */
type Given = Readonly<Record<string, unknown>> | null | undefined

/**
 * Stops a script that the gateway cannot use, and handles later failures of its streams and its `exit`, which
 * would end the process. Never throws.
 */
export function releaseRefused(given: unknown): void {
  const streams = given as Given
  attempt(async () => {
    await streams?.['exit']
  }, ignore)
  for (const name of ['stdin', 'stdout', 'stderr']) {
    attempt(() => (streams?.[name] as EventEmitter | null | undefined)?.on('error', ignore), ignore)
    attempt(() => (streams?.[name] as { destroy(): unknown } | null | undefined)?.destroy(), ignore)
  }
  attempt(() => (streams as { terminate(): unknown } | null | undefined)?.terminate(), ignore)
}

function ignore(): void {}
