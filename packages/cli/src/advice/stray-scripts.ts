import { opendir } from 'node:fs/promises'
import path from 'node:path'
import { createPublication } from '../site/publication.js'
import { hasScriptExtension } from './script-check.js'
import type { Site } from '../site/site.js'

/** Limits, since the search delays the start screen and a tree can be very large. */
const MOST_FOLDERS = 200
const MOST_NAMES = 5000

/** The packages that npm has installed are no part of the site, and many of them have scripts of their own. */
const PACKAGES = 'node_modules'

/** How many extensions the sentence names. */
const MOST_EXTENSIONS = 5

/**
 * A sentence about the scripts outside the folders of scripts, which are neither run nor sent; undefined if
 * there are none. Names decide which files are scripts.
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
      ? '1 script outside the folders of scripts is'
      : `${found.length} scripts outside the folders of scripts are`
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
        if (entry.name.startsWith('.') || entry.name === PACKAGES) continue
        count += 1
        if (count > MOST_NAMES) return
        const file = path.join(folder, entry.name)
        if (entry.isFile()) yield entry.name
        if (entry.isDirectory() && folders.length < MOST_FOLDERS) folders.push(file)
      }
    } catch {
      // The folder cannot be read, or was just removed.
    }
  }
}
