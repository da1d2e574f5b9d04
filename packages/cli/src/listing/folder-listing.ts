import { stat } from 'node:fs/promises'
import path from 'node:path'
import { isInside } from '@common-gateway/core/steps'
import { canRead } from '../site/file-lookup.js'
import { createPublication, isOutside } from '../site/publication.js'
import { adviseOn, adviseOnLink, adviseOnStray } from '../advice/script-check.js'
import { createSourceCheck } from '../site/source-check.js'
import { type Entry, readEntries, realPathOf } from './folder-entries.js'
import { toSitePath } from '../site/site-path.js'
import type { CgiFolder, Site } from '../site/site.js'

/** The visible content of a folder. */
export interface FolderListing {
  /** Path of the URL, decoded, with a slash at both ends. */
  readonly path: string
  readonly entries: readonly Entry[]
  /** Whether it is a folder of scripts. */
  readonly hasScripts: boolean
}

/**
 * Lists the folder that a URL with a trailing slash names; null if there is none, or if it is hidden.
 *
 * @param isLocal - whether the client is on this machine. Other clients do not see scripts.
 */
export async function listFolder(
  url: string,
  site: Site,
  isLocal: boolean,
): Promise<FolderListing | null> {
  const [urlPath = ''] = url.split('?', 1)
  const place = toSitePath(urlPath, site)
  if (place === null || !urlPath.endsWith('/')) return null
  const { tree, file: folder, path: listed } = place
  const scripts = findCgiFolder(listed, site)
  if (scripts !== undefined && scripts.url.length >= tree.url.length) {
    return isLocal ? listScripts(listed, scripts, site) : null
  }
  const isPublished = createPublication(site)
  if (!isPublished(folder)) return null
  const isSource = createSourceCheck(site)
  const entries = await readEntries(folder, (entry, realFile): Entry | null => {
    const file = path.join(folder, entry.name)
    if (isLocal && isOutside(realFile, site)) return toWithheldLink(entry, realFile)
    if (!isPublished(file, realFile) || !canRead(file, entry.kind)) return null
    if (entry.kind === 'folder' || !isSource(file, realFile)) return entry
    const isRun = tree.url === '' && site.scriptExtensions.includes(path.extname(entry.name))
    const advice = isRun ? adviseOn(file, site)?.sentence : adviseOnStray(file, site)
    if (isRun) return { ...entry, kind: 'script', ...(isLocal && { advice }) }
    return isLocal ? { ...entry, kind: 'withheld', advice } : null
  })
  if (entries === null) return null
  const mounts = await findMounts(listed, site, isLocal)
  const names = new Set(mounts.map(({ name }) => name))
  const others = entries.filter(({ name }) => !names.has(name))
  return { path: listed, entries: order([...mounts, ...others]), hasScripts: false }
}

/** The entry of a link that leaves the site, with the setting that allows it. */
function toWithheldLink({ name, kind }: Entry, target: string): Entry {
  return { name, kind: 'withheld', advice: adviseOnLink(target, kind === 'folder') }
}

function findCgiFolder(listed: string, { cgiFolders }: Site): CgiFolder | undefined {
  return cgiFolders.find(({ url }) => listed.startsWith(`${url}/`))
}

async function listScripts(
  listed: string,
  { url, folder }: CgiFolder,
  site: Site,
): Promise<FolderListing | null> {
  const below = path.join(folder, listed.slice(url.length))
  const [root, realBelow] = await Promise.all([folder, below].map(realPathOf))
  // The gateway does not run scripts that a link leads to outside these folders.
  const roots = root == null ? [] : [root, ...site.linkRoots]
  const isWithin = (realFile: string): boolean => {
    return roots.some((allowed) => realFile === allowed || isInside(realFile, allowed))
  }
  if (realBelow == null || !isWithin(realBelow)) return null
  const entries = await readEntries(below, (entry, realFile): Entry | null => {
    if (!isWithin(realFile)) return toWithheldLink(entry, realFile)
    if (entry.kind === 'folder') return { name: entry.name, kind: 'scripts' }
    const advice = adviseOn(path.join(below, entry.name), site)
    if (advice?.isData === true) return { ...entry, kind: 'data' }
    return { ...entry, kind: 'script', advice: advice?.sentence }
  })
  return entries && { path: listed, entries: order(entries), hasScripts: true }
}

/** The mounts directly below a folder: other folders of files and, for this machine, scripts. */
async function findMounts(listed: string, site: Site, isLocal: boolean): Promise<Entry[]> {
  const isHere = ({ url }: { url: string }): boolean => {
    return url !== '' && path.posix.dirname(url) === shorten(listed)
  }
  const nameOf = ({ url }: { url: string }): string => path.posix.basename(url)
  const trees = site.trees.filter(isHere)
  const cgiFolders = isLocal ? site.cgiFolders.filter(isHere) : []
  const exists = await Promise.all(cgiFolders.map(({ folder }) => isFolder(folder)))
  const programs = isLocal ? site.programs.filter(isHere) : []
  return [
    ...trees.map((tree): Entry => ({ name: nameOf(tree), kind: 'folder' })),
    ...cgiFolders
      .filter((_cgiFolder, index) => exists[index])
      .map((cgiFolder): Entry => ({ name: nameOf(cgiFolder), kind: 'scripts' })),
    ...programs.map((program): Entry => ({ name: nameOf(program), kind: 'script' })),
  ]
}

function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

function shorten(listed: string): string {
  return listed === '/' ? '/' : listed.slice(0, -1)
}

/** Sorts folders first, then by name with numbers by value: 2 before 10. */
function order(entries: readonly Entry[]): Entry[] {
  const rank = ({ kind }: Entry): number => (kind === 'folder' || kind === 'scripts' ? 0 : 1)
  const { compare } = new Intl.Collator('en', { numeric: true })
  return entries.toSorted((a, b) => rank(a) - rank(b) || compare(a.name, b.name))
}
