import { CgiError } from '@common-gateway/core/transport'

/** A path below the mount, split at the script. Both are byte strings. */
export interface SplitPath {
  /** The segments that name the script. */
  readonly script: readonly string[]
  /** The segments after it. */
  readonly rest: readonly string[]
}

/**
 * Splits a path at the first segment that ends in one of the extensions, byte for byte and in their letter case. Null
 * where there is none.
 *
 * PHP looks for the script itself where the path does not exist (`cgi.fix_pathinfo`): it would run `evil.jpg` for
 * `/evil.jpg/x.php`. So a script lies in folders, and a folder has no extension.
 *
 * @throws {CgiError} CGI_ERR_NOT_FOUND, CGI_ERR_BAD_TARGET
 */
export function splitPath(
  segments: readonly string[],
  extensions: readonly string[],
): SplitPath | null {
  const index = segments.findIndex((segment) => hasExtension(segment, extensions))
  if (index < 0) return null
  const script = segments.slice(0, index + 1)
  for (const [at, segment] of script.entries()) {
    if (/[/\\]/.test(segment)) {
      throw new CgiError('CGI_ERR_BAD_TARGET', {
        reason: 'the path of the script has an encoded slash',
      })
    }
    if (segment.startsWith('.'))
      throw withheld('a name in the path of the script begins with a dot')
    if (at < index && segment.includes('.')) {
      throw withheld('a name before the script has an extension, and may be a file')
    }
    // Windows, and PHP on it, ignore dots and spaces at the end; a stream of NTFS begins with a colon.
    if (/[. ]$|:/.test(segment))
      throw withheld('a name in the path of the script is not the name on disk')
  }
  return { script: script.filter((segment) => segment !== ''), rest: segments.slice(index + 1) }
}

function hasExtension(segment: string, extensions: readonly string[]): boolean {
  return extensions.some(
    (extension) => segment.length > extension.length && segment.endsWith(extension),
  )
}

function withheld(reason: string): CgiError {
  return new CgiError('CGI_ERR_NOT_FOUND', { reason })
}
