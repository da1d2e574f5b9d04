import { existsSync } from 'node:fs'
import { invalidOption } from '../data/cgi-error.js'
import type { FinderSettings } from './finder-choice.js'
import { TreeFinder } from './tree-finder.js'

/** Checks that the option `fallback` names a script, if `root` exists. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function checkFallback(settings: FinderSettings): void {
  const { fallback, source } = settings
  if (fallback === undefined || source.type !== 'root' || !existsSync(source.folder)) return
  if (canFallBack(new TreeFinder(source.folder, settings))) return
  throw invalidOption('fallback', 'the path of a script below `root` that can be run', fallback)
}

function canFallBack(finder: TreeFinder): boolean {
  try {
    return finder.findFallback('') !== null
  } catch {
    return false
  }
}
