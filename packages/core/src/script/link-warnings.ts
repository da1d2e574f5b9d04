import type { CgiError } from '../data/cgi-error.js'
import { loggerOf } from '../data/logger.js'
import type { CgiRequest } from '../data/message.js'
import type { Settings } from '../options/settings.js'

/** Limits the memory: a program may create links without end. */
const MAX_LINKS = 1_000

/** Logs each link that leaves the root, once. */
export class LinkWarnings {
  readonly #logged = new Set<string>()

  log(
    { script, linkTarget }: CgiError,
    request: CgiRequest,
    settings: Pick<Settings<never>, 'logger'>,
  ): void {
    if (script === undefined || linkTarget === undefined || this.#logged.has(script)) return
    if (this.#logged.size >= MAX_LINKS) return
    this.#logged.add(script)
    loggerOf(request, settings).warn(
      { script, linkTarget },
      'a link that leaves `root` is not followed; list the folders that links may lead into in `linkRoots`',
    )
  }
}
