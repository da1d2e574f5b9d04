import path from 'node:path'
import type { FileTree } from './file-trees.js'
import type { Site } from './site.js'

/** A place below one of the folders that are served. */
export interface SitePath {
  readonly tree: FileTree
  /** Absolute path, be it there or not. */
  readonly file: string
  /** The path of the URL, decoded. */
  readonly path: string
}

/** A URL's path on disk; null where it can have none, or one that is not to be seen. */
export function toSitePath(url: string, { trees }: Pick<Site, 'trees'>): SitePath | null {
  const [urlPath = ''] = url.split('?', 1)
  const segments = decodePath(urlPath)
  if (segments === null || segments.some(isHidden)) return null
  // `//other.example/` would be another host in a redirect.
  if (segments[0] !== '' || segments.slice(1, -1).includes('')) return null
  const decoded = segments.join('/')
  const tree = trees.find((each) => `${decoded}/`.startsWith(`${each.url}/`))
  if (tree === undefined) return null
  return { tree, file: path.join(tree.folder, decoded.slice(tree.url.length)), path: decoded }
}

/** The segments of a path, decoded; null where one of them cannot be the name of a file. */
function decodePath(urlPath: string): string[] | null {
  try {
    const segments = urlPath.split('/').map((segment) => decodeURIComponent(segment))
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? null : segments
  } catch {
    return null
  }
}

/** Names that begin with a dot are hidden; not what is there to be asked for (RFC 8615 section 3). */
function isHidden(segment: string, index: number): boolean {
  return segment.startsWith('.') && !(index === 1 && segment === '.well-known')
}
