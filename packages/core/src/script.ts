import { accessSync, constants, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { CgiError } from './errors.js'
import { toSystemError } from './system-error.js'
import { decodeSegments } from './url-path.js'
import type { Command, Settings } from './settings.js'

/** A script and the parts of the URL around it (RFC 3875 sections 4.1.5 and 4.1.13). */
export interface Script {
  readonly type: 'script'
  /** Absolute path of the script. */
  readonly file: string
  /** SCRIPT_NAME: the decoded path that leads to the script, the mount included. */
  readonly scriptName: string
  /** PATH_INFO: the decoded rest of the path; empty, or beginning with `/`. */
  readonly pathInfo: string
  /** The program to run, and its arguments. */
  readonly command: Command
}

/** A folder that was asked for without the slash at its end. */
export interface FolderRedirect {
  readonly type: 'folder'
  /** The path to go to, encoded as the client had sent it, with its slash. */
  readonly location: string
}

/** The settings that decide which script a URL names. */
export type ScriptSettings = Pick<
  Settings<never>,
  'source' | 'interpreters' | 'fallbackInterpreters' | 'index' | 'dotfiles' | 'encodedSlashes'
>

/**
 * Finds the script that a URL names. Null where there is none. The file system is asked synchronously:
 * what is asked for again and again is in the system's memory, so that it takes 10 microseconds where
 * the way through another thread and back takes 150.
 *
 * @param urlPath - the path as it was sent, not decoded, without a query; it begins with `mount`.
 * @param mount - the part of it that the gateway is mounted at, as sent, without a slash at its end.
 * @throws {CgiError} CGI_ERR_BAD_TARGET for a path that is never valid, CGI_ERR_NOT_EXECUTABLE for
 *   one that names something that cannot be run.
 */
export function resolveScript(
  urlPath: string,
  mount: string,
  settings: ScriptSettings,
): Script | FolderRedirect | null {
  const mountSegments = decodePath(mount, settings).slice(1)
  const segments = decodePath(urlPath.slice(mount.length), settings).slice(1)
  const mountName = toPath(mountSegments)

  if (settings.source.type === 'script') {
    return toScript(settings.source.file, mountName, segments, settings)
  }
  const root = settings.source.folder
  const found = walk(root, segments, settings)
  if (found === null) return null
  const name = mountName + toPath(segments.slice(0, found.depth))
  if (found.kind === 'folder') {
    const index = findIndex(root, found.file, settings.index)
    if (index === null) return null
    if (!urlPath.endsWith('/')) return { type: 'folder', location: `${urlPath}/` }
    checkExecutable(index, settings)
    return toScript(index, `${name}/${path.basename(index)}`, [], settings)
  }
  // Where nothing more is to be learnt, it is not asked for: it takes as long as all the rest.
  const mustBeChecked = found.isLinked || REALPATH_TELLS_NAMES
  if (mustBeChecked && !isNamedOnDisk(root, found.file)) return null
  if (found.kind === 'special') throw notExecutable(found.file, 'it is not a regular file')
  checkExecutable(found.file, settings)
  return toScript(found.file, name, segments.slice(found.depth), settings)
}

function toPath(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('')
}

/** In a segment that may hold slashes, which were encoded. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/

/** Decodes a path once, and refuses what scripts and file systems have been fooled with. */
function decodePath(urlPath: string, settings: ScriptSettings): string[] {
  const segments = decodeSegments(urlPath)
  if (segments === null) throw badTarget('an escape or a byte of it is not valid')
  let hasSlash = false
  for (const segment of segments) {
    if (DOT_SEGMENT.test(segment)) throw badTarget('it has a dot segment')
    hasSlash ||= segment.includes('/')
  }
  if (hasSlash && settings.encodedSlashes === 'deny') throw badTarget('it has an encoded slash')
  return segments
}

function badTarget(reason: string): CgiError {
  return new CgiError('CGI_ERR_BAD_TARGET', { reason })
}

function toScript(
  file: string,
  scriptName: string,
  rest: readonly string[],
  settings: ScriptSettings,
): Script {
  const interpreter = findInterpreter(file, settings)
  return {
    type: 'script',
    file,
    scriptName,
    pathInfo: toPath(rest),
    command: interpreter === undefined ? [file] : [...interpreter, file],
  }
}

interface Found {
  readonly file: string
  /** How many segments lead to it. */
  readonly depth: number
  readonly kind: FileKind
  /** Whether a link was on the way. */
  readonly isLinked: boolean
}

type FileKind = 'file' | 'folder' | 'special'

/** What a name on disk leads to. */
interface Entry {
  readonly kind: FileKind
  readonly isLink: boolean
}

/** Whether realpath(3) gives names as they are on disk, and not just what links lead to. */
const REALPATH_TELLS_NAMES = process.platform !== 'linux'

/** Goes down from the root, segment by segment, to the first that is not a folder. */
function walk(root: string, segments: readonly string[], settings: ScriptSettings): Found | null {
  let file = root
  let isLinked = false
  for (const [depth, segment] of segments.entries()) {
    if (segment.includes('\\')) throw badTarget('it has a backslash')
    if (segment.includes('/')) throw badTarget('it has an encoded slash')
    if (segment === '') {
      const isLast = depth === segments.length - 1
      return isLast ? { file, depth, kind: 'folder', isLinked } : null
    }
    if (segment.startsWith('.') && settings.dotfiles === 'ignore') return null
    file = file.endsWith(path.sep) ? file + segment : file + path.sep + segment
    const entry = look(file)
    if (entry === null) return null
    const { kind } = entry
    isLinked ||= entry.isLink
    if (kind !== 'folder') return { file, depth: depth + 1, kind, isLinked }
  }
  return { file, depth: segments.length, kind: 'folder', isLinked }
}

function look(file: string): Entry | null {
  try {
    const own = lstatSync(file, { throwIfNoEntry: false })
    const isLink = own?.isSymbolicLink() ?? false
    const status = isLink ? statSync(file, { throwIfNoEntry: false }) : own
    if (status === undefined) return null
    if (status.isDirectory()) return { kind: 'folder', isLink }
    return { kind: status.isFile() ? 'file' : 'special', isLink }
  } catch (error) {
    if (isMissing(error)) return null
    throw toLookupError(file, error)
  }
}

/**
 * Whether the real file lies in the real root, and under the very name that was asked for: file
 * systems that are blind to case, or to a dot at the end, find files by other names too, and the
 * rules for a name (its extension, `nph-`) must not be passed by under another (CVE-2025-46701).
 */
function isNamedOnDisk(root: string, file: string): boolean {
  try {
    const [realRoot, realFile] = [realpathSync.native(root), realpathSync.native(file)]
    // Both are absolute and normal, and the file was found by going down from the root.
    const below = file.slice(root.endsWith(path.sep) ? root.length - 1 : root.length)
    if (realFile === (realRoot === path.sep ? '' : realRoot) + below) return true
    const names = below.split(path.sep).slice(1)
    if (!isInside(realRoot, realFile)) return false
    // A link within the root, then; each name on the way must still be as it is on disk.
    let folder = root
    for (const name of names) {
      if (!readdirSync(folder).includes(name)) return false
      folder = path.join(folder, name)
    }
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw toLookupError(file, error)
  }
}

/**
 * Looks once more, as late as can be, whether the script is in the root: while the request was waiting
 * for its turn, a folder on the way may have become a link that leaves it (CWE-367). What is left are
 * the milliseconds in which the system, and then the interpreter, open the script by its name: no look
 * of ours can be a part of that. Who can swap folders in the root can put scripts there, too.
 *
 * @throws {CgiError} CGI_ERR_NOT_EXECUTABLE
 */
export function checkStillInside(
  { file }: Pick<Script, 'file'>,
  { source }: Pick<ScriptSettings, 'source'>,
): void {
  if (source.type === 'script') return
  let real: [root: string, file: string]
  try {
    real = [realpathSync.native(source.folder), realpathSync.native(file)]
  } catch (error) {
    throw notExecutable(file, 'it is not there any more', error)
  }
  if (!isInside(...real)) throw notExecutable(file, 'it has been moved out of the root')
}

function isInside(realRoot: string, realFile: string): boolean {
  return realFile.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep)
}

/** Undefined for a script that is run itself. */
function findInterpreter(file: string, settings: ScriptSettings): Command | undefined {
  const extension = path.extname(file)
  const interpreter = settings.interpreters.get(extension)
  if (interpreter !== undefined || settings.fallbackInterpreters.size === 0) return interpreter
  return isExecutable(file) ? undefined : settings.fallbackInterpreters.get(extension)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function checkExecutable(file: string, settings: ScriptSettings): void {
  const extension = path.extname(file)
  if (settings.interpreters.has(extension) || settings.fallbackInterpreters.has(extension)) return
  try {
    accessSync(file, constants.X_OK)
  } catch (error) {
    throw notExecutable(file, 'it is not executable, and its extension has no interpreter', error)
  }
}

function findIndex(root: string, folder: string, names: readonly string[]): string | null {
  for (const name of names) {
    const file = path.join(folder, name)
    if (look(file)?.kind === 'file' && isNamedOnDisk(root, file)) return file
  }
  return null
}

function notExecutable(script: string, reason: string, cause?: unknown): CgiError {
  return new CgiError('CGI_ERR_NOT_EXECUTABLE', { script, reason, cause })
}

/** What the system says of a name that is not there, or cannot be anywhere. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

function isMissing(error: unknown): boolean {
  return MISSING.has(errnoOf(error))
}

function toLookupError(file: string, error: unknown): CgiError {
  if (errnoOf(error) !== 'EACCES') return toSystemError(error, file)
  return notExecutable(file, 'one of its folders cannot be read', error)
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
