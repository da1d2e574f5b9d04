import path from 'node:path'
import type { FileTree } from './file-trees.js'
import type { Site } from './site.js'

/** A path below one of the served folders. */
export interface SitePath {
  readonly tree: FileTree
  /** Absolute path. The file need not exist. */
  readonly file: string
  /** The path of the URL, decoded. */
  readonly path: string
}

/** The path on disk of a URL; null if the URL cannot name a file, or names a hidden one. */
export function toSitePath(url: string, { trees }: Pick<Site, 'trees'>): SitePath | null {
  const [urlPath = ''] = url.split('?', 1)
  const segments = decodePath(urlPath)
  if (segments === null || segments.some(isHidden)) return null
  // In a redirect, `//other.example/` names another host.
  if (segments[0] !== '' || segments.slice(1, -1).includes('')) return null
  const decoded = segments.join('/')
  const tree = trees.find(({ url: root }) => `${decoded}/`.startsWith(`${root}/`))
  if (tree === undefined) return null
  return { tree, file: path.join(tree.folder, decoded.slice(tree.url.length)), path: decoded }
}

/** The decoded segments of a path; null if one of them cannot be the name of a file. */
function decodePath(urlPath: string): string[] | null {
  try {
    const segments = urlPath.split('/').map((segment) => decodeURIComponent(segment))
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? null : segments
  } catch {
    return null
  }
}

/** Whether a name begins with a dot, except for `/.well-known` (RFC 8615 section 3). */
function isHidden(segment: string, index: number): boolean {
  return segment.startsWith('.') && !(index === 1 && segment === '.well-known')
}
