import { existsSync } from 'node:fs'
import { invalidOption } from '../data/cgi-error.js'
import { findFallback, type ScriptSettings } from './script.js'

/** Checks that the script which answers for what names no file is there, if its root is. */
export function checkFallback(settings: ScriptSettings): void {
  const { fallback, source } = settings
  if (fallback === undefined || source.type === 'script' || !existsSync(source.folder)) return
  if (canFallBack(settings, source.folder)) return
  throw invalidOption('fallback', 'the path of a script below `root` that can be run', fallback)
}

function canFallBack(settings: ScriptSettings, root: string): boolean {
  try {
    return findFallback(root, '', settings) !== null
  } catch {
    return false
  }
}
