import path from 'node:path'

/** A URL's path on disk, below a folder; null where it can have none, or one that is not to be seen. */
export function toSitePath(url: string, folder: string): string | null {
  const [urlPath = ''] = url.split('?', 1)
  const segments = decodePath(urlPath)
  if (segments === null || segments.some(isHidden)) return null
  // `//other.example/` would be another host in a redirect.
  if (segments[0] !== '' || segments.slice(1, -1).includes('')) return null
  return path.join(folder, ...segments)
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
