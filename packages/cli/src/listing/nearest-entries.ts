import leven from 'leven'
import type { Entry } from './folder-entries.js'
import { type FolderListing, listFolder } from './folder-listing.js'
import type { Site } from '../site/site.js'

/** The entries with names near to a URL that names no file. */
export interface NearestEntries {
  /** The deepest folder of the path that can be listed: decoded, with a slash at both ends. */
  readonly folder: string
  /** The name that is not in it, decoded. */
  readonly missing: string
  /** The entries with similar names, the nearest first. */
  readonly entries: readonly Entry[]
}

/** How many names are shown. */
const MOST_ENTRIES = 5

/** NAME_MAX of Linux. */
const LONGEST_NAME = 255

/** How many segments of a path are read. */
const DEEPEST = 16

/**
 * Finds the entries that the path of a URL probably means, for a client on this machine. Null if no folder of
 * the path can be listed.
 */
export async function findNearestEntries(
  urlPath: string,
  site: Site,
): Promise<NearestEntries | null> {
  const segments = urlPath.split('/').filter((segment) => segment !== '')
  for (let depth = Math.min(segments.length, DEEPEST) - 1; depth >= 0; depth -= 1) {
    const missing = decode(segments[depth] ?? '')
    if (missing === null || missing.length > LONGEST_NAME) return null
    const folders = segments.slice(0, depth).map((segment) => `${segment}/`)
    const listing = await listFolder(`/${folders.join('')}`, site, true)
    if (listing !== null) {
      return { folder: listing.path, missing, entries: choose(listing, missing) }
    }
  }
  return null
}

function choose({ entries }: FolderListing, missing: string): Entry[] {
  const wanted = missing.toLowerCase()
  const most = Math.max(2, Math.floor(missing.length / 3))
  return entries
    .map((entry) => ({ entry, distance: distanceOf(entry.name.toLowerCase(), wanted, most) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((one, other) => one.distance - other.distance)
    .slice(0, MOST_ENTRIES)
    .map(({ entry }) => entry)
}

function distanceOf(name: string, wanted: string, most: number): number {
  // The extension is missing or another one.
  if (wanted !== '' && stemOf(name) === stemOf(wanted)) return 1
  return leven(name, wanted, { maxDistance: most + 1 })
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]*$/, '')
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
