import { opendir } from 'node:fs/promises'
import path from 'node:path'
import { createPublication } from '../site/publication.js'
import { hasScriptExtension } from './script-check.js'
import type { Site } from '../site/site.js'

/** At a glance: the server has started already, and a tree may be endless. */
const MOST_FOLDERS = 200
const MOST_NAMES = 5000

/** How many extensions are named. */
const MOST_EXTENSIONS = 5

/**
 * Looks for scripts, by their names, that lie outside of all folders of scripts: they are neither run nor sent.
 * Says so in a sentence, with what to do about it; undefined where there are none.
 */
export async function describeStrayScripts(site: Site): Promise<string | undefined> {
  const found: string[] = []
  for await (const name of namesIn(site)) {
    if (isStray(name, site)) found.push(path.extname(name))
  }
  if (found.length === 0) return undefined
  const extensions = [...new Set(found)].toSorted().slice(0, MOST_EXTENSIONS).join()
  const subject =
    found.length === 1
      ? '1 script outside of the folders of scripts is'
      : `${found.length} scripts outside of the folders of scripts are`
  const object = found.length === 1 ? 'it' : 'them'
  return (
    `${subject} neither run nor sent: --scripts ${extensions} runs ${object}, ` +
    `--send ${extensions} sends ${object}.`
  )
}

function isStray(name: string, { scriptExtensions, sentExtensions, ...site }: Site): boolean {
  const extension = path.extname(name)
  const isServed = scriptExtensions.includes(extension) || sentExtensions.has(extension)
  return !isServed && hasScriptExtension(name, site)
}

async function* namesIn(site: Site): AsyncGenerator<string> {
  const isPublished = createPublication(site)
  const folders = [site.folder]
  let count = 0
  for (const folder of folders) {
    if (!isPublished(folder)) continue
    try {
      for await (const entry of await opendir(folder)) {
        if (entry.name.startsWith('.')) continue
        count += 1
        if (count > MOST_NAMES) return
        const file = path.join(folder, entry.name)
        if (entry.isFile()) yield entry.name
        if (entry.isDirectory() && folders.length < MOST_FOLDERS) folders.push(file)
      }
    } catch {
      // It may not be read, or has just gone.
    }
  }
}
