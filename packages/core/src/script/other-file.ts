import { mime } from '@fastify/send'
import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { notExecutable } from './lookup-error.js'
import type { Settings } from '../options/settings.js'

/** The settings that tell scripts from the files beside them. */
export interface OtherFileSettings extends Pick<Settings<never>, 'extensions'> {
  /** By the extension of what they run. */
  readonly interpreters: ReadonlyMap<string, unknown>
}

/** Whether a file has the name of a script. */
export function hasScriptName(file: string, { extensions }: OtherFileSettings): boolean {
  return extensions === undefined || extensions.has(path.extname(file))
}

/** Extensions of what some server runs: the file is source, whatever is configured here. */
const EXTENSIONS = String.raw`php\d*|phtml|phtm|pht|phps|phar|inc|cgi|fcgi|fpl|pl|pm|plx|psgi|py|pyc|pyo|pyw|wsgi|rb|rhtml|erb|sh|bash|ksh|csh|zsh|tcl|lua|asp|aspx|ascx|ashx|asmx|asa|asax|jsp|jspx|cfm|cfc`
const SOURCE = new RegExp(String.raw`\.(?:${EXTENSIONS})$`)
/** The same, with something after it: `a.php.mine`, `a.php;1`. */
const SOURCE_WITHIN = new RegExp(String.raw`\.(?:${EXTENSIONS})[^a-z0-9]`)

/** What editors, packagers and people add to the name of a file that they keep a copy of. */
const COPY =
  /(?:[~#._ -]|,v|[-_. ](?:bak|bk|back|backup|old|ori|org|orig|original|save|saved|sav|swp|swo|swn|swx|tmp|temp|copy|dist|new|rej|txt|text|disabled|off|inactive|sample|example|default|test|local|prod|dev|source|src|rpm(?:save|new|orig)|(?:dpkg|ucf)-\w+|gz|bz2|xz|zst|zip|tar|tgz|7z|rar|\d[\d._-]*)|[ _-]?\((?:copy|\d+)\))$/

/**
 * Whether a file could be the source of a script, or a copy of one that an editor or a person has left
 * there. Judged by its name, that of what it is a link to, and how it begins.
 *
 * @param isLinked - whether a link was on the way to it.
 * @throws {CgiError} CGI_ERR_NOT_EXECUTABLE for a file that cannot be read.
 */
export function mayBeSource(file: string, isLinked: boolean, settings: OtherFileSettings): boolean {
  if (hasSourceName(file, settings) || beginsAsSource(file)) return true
  return isLinked && hasSourceName(realpathSync.native(file), settings)
}

function hasSourceName(file: string, { extensions, interpreters }: OtherFileSettings): boolean {
  const own = [...(extensions ?? []), ...interpreters.keys()].map((each) => each.toLowerCase())
  const name = toPlainName(file)
  if (!hasKnownType(name) && holdsExtension(name, own)) return true
  return hasNameOrCopy(file, (each) => {
    return SOURCE.test(each) || own.some((extension) => each.endsWith(extension))
  })
}

/**
 * Whether a file has a name that is looked for, or the name of a copy that an editor or a person has left there.
 *
 * @param isWanted - judges a name in lower case, without dots before it.
 */
export function hasNameOrCopy(file: string, isWanted: (name: string) => boolean): boolean {
  let name = toPlainName(file)
  while (!isWanted(name)) {
    const original = name.replace(COPY, '')
    if (original === name) return false
    name = original
  }
  return true
}

function toPlainName(file: string): string {
  return path
    .basename(file)
    .toLowerCase()
    .replace(/^[#.]+/, '')
}

/** Whether the last extension says what the file is (`index.pl.html`), and not just whose copy. */
function hasKnownType(name: string): boolean {
  const type = mime.getType(name)
  return type !== null && type !== 'application/octet-stream'
}

function holdsExtension(name: string, own: readonly string[]): boolean {
  if (SOURCE_WITHIN.test(name)) return true
  return own.some((extension) =>
    name
      .split(extension)
      .slice(1)
      .some((rest) => /^[^a-z0-9]/.test(rest)),
  )
}

const ELF = '\x7fELF'
const MACH_O = /^(?:\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe)/

function beginsAsSource(file: string): boolean {
  const beginning = readBeginning(file)
  if (/^(?:\xef\xbb\xbf)?\s*(?:#!|<\?(?:php|=|\s)|<%)/i.test(beginning)) return true
  const isProgram = beginning.startsWith(ELF) || MACH_O.test(beginning)
  return isProgram && isExecutable(file)
}

/** The first bytes of a file, as a byte string. */
function readBeginning(file: string): string {
  const bytes = Buffer.alloc(64)
  try {
    // What has become a FIFO since it was looked at does not hold the host up.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return bytes.toString('latin1', 0, readSync(descriptor, bytes))
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw notExecutable(file, 'the file cannot be read', { cause: error })
  }
}

/** Whether this process may execute a file. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
