import type { CgiError } from '../data/cgi-error.js'
import { loggerOf } from '../data/logger.js'
import type { CgiRequest } from '../data/message.js'
import type { Settings } from '../options/settings.js'

/** How many links are told of: what names them is on disk, but it may be made by a program. */
const MOST_LINKS = 1_000

/** Tells of each link that is not followed because it leaves the root, once. */
export class LinkWarnings {
  readonly #told = new Set<string>()

  tell(
    { script, linkTarget }: CgiError,
    request: CgiRequest,
    settings: Pick<Settings<never>, 'logger'>,
  ): void {
    if (script === undefined || linkTarget === undefined || this.#told.has(script)) return
    if (this.#told.size >= MOST_LINKS) return
    this.#told.add(script)
    loggerOf(request, settings).warn(
      { script, linkTarget },
      'a link that leaves `root` is not followed; list the folders that links may lead into in `linkRoots`',
    )
  }
}
