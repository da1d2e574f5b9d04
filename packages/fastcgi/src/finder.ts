import type { ScriptFinder, ScriptLocation, ScriptPath } from '@common-gateway/core/transport'
import path from 'node:path'
import { splitPath } from './split-path.js'

/** Every path below the mount belongs to the application; it has no file. */
export class ApplicationFinder implements ScriptFinder {
  readonly #name: string

  /** @param name - for logs and errors. */
  constructor(name: string) {
    this.#name = name
  }

  find({ mountName, segments }: ScriptPath): ScriptLocation {
    return { file: this.#name, scriptName: mountName, pathInfo: toPath(segments) }
  }
}

/** Scripts that are files of another machine: their names tell which part of a path leads to one. */
export class SplitFinder implements ScriptFinder {
  readonly #root: string
  readonly #extensions: readonly string[]

  /** @param root - the folder of the scripts on that machine. */
  constructor(root: string, extensions: readonly string[]) {
    this.#root = root
    this.#extensions = extensions
  }

  find({ mountName, segments }: ScriptPath): ScriptLocation | null {
    const split = splitPath(segments, this.#extensions)
    if (split === null) return null
    const name = toText(toPath(split.script))
    if (name === null) return null
    return {
      file: path.posix.join(this.#root, name),
      scriptName: mountName + name,
      pathInfo: toPath(split.rest),
    }
  }
}

function toPath(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('')
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Null for bytes that are not UTF-8. */
function toText(bytes: string): string | null {
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return null
  }
}
