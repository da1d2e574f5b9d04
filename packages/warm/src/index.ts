import {
  invalidOption,
  openDescriptorSocket,
  type SpawnerFactory,
} from '@common-gateway/core/transport'
import type { WarmOptions } from './options/options.js'
import { toSettings } from './options/rules.js'
import { WarmSpawner } from './warm-spawner.js'

export type { WarmOptions } from './options/options.js'
export type { WarmNote } from './server/note-channel.js'

/**
 * Runs CGI scripts in Python and Perl, unchanged, in interpreters that are loaded already: a script that runs often gets a
 * fork server, which compiles it and imports its modules once, and makes each request a process of its own by fork(2).
 * Each starts as fresh as after exec(2). A script for which that would not hold is started plainly, and so is each that
 * gains nothing by it; the reason is in `stats().warm` of the gateway. For the option `spawner`; Linux only.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION: an option is wrong, or this system has no fork servers.
 */
export function warm(options: WarmOptions = {}): SpawnerFactory {
  const settings = toSettings(options)
  try {
    openDescriptorSocket().close()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalidOption('spawner', `one that can be used here (warm() cannot: ${reason})`, 'warm()')
  }
  return { createSpawner: (context) => new WarmSpawner(context, settings) }
}
