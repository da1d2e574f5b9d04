import type { EventEmitter } from 'node:events'
import { attempt } from './attempt.js'

/** What may be among the fields of what was given; nothing of it is certain. */
type Given = Readonly<Record<string, unknown>> | null | undefined

/**
 * Lets go of what an application has given and the gateway cannot use: nobody else stops that script, and
 * its streams and its end may still fail, which ends a process that does not listen. Never throws.
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
