import { accessSync, closeSync, constants, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { notExecutable } from './lookup-error.js'
import type { Settings } from '../options/settings.js'

/** The settings that distinguish scripts from the files beside them. */
export interface OtherFileSettings extends Pick<Settings<never>, 'extensions'> {
  /** The keys are extensions of scripts. */
  readonly interpreters: ReadonlyMap<string, unknown>
  /** The same, where `extensions` is undefined: else a file with such a name may be one for browsers (`.js`). */
  readonly fallbackInterpreters?: ReadonlyMap<string, unknown>
}

/** Whether a file has the name of a script. */
export function hasScriptName(file: string, { extensions }: OtherFileSettings): boolean {
  return extensions === undefined || extensions.has(path.extname(file))
}

/** Extensions of files that some server runs: such a file is source, whatever the options say. */
const EXTENSIONS = String.raw`php\d*|phtml|phtm|pht|phps|phar|inc|cgi|fcgi|fpl|pl|pm|plx|psgi|py|pyc|pyo|pyw|wsgi|rb|rhtml|erb|sh|bash|ksh|csh|zsh|tcl|lua|asp|aspx|ascx|ashx|asmx|asa|asax|jsp|jspx|cfm|cfc|rpy|epy`
const SOURCE = new RegExp(String.raw`\.(?:${EXTENSIONS})$`)
/** The same, with something after it: `a.php.mine`, `a.php;1`. */
const SOURCE_WITHIN = new RegExp(String.raw`\.(?:${EXTENSIONS})[^a-z0-9]`)

/**
 * Files that browsers show and people save. `index.pl.html` is a page in Polish; `Module.pm.in` is a template of a
 * script, though its extension has a media type, too.
 */
const MEDIA =
  /\.(?:x?html?|css|m?js|json|jsonld|geojson|webmanifest|map|wasm|xml|xsd|xsl|xslt|rss|atom|svgz?|a?png|jpe?g|gif|webp|avif|jxl|hei[cf]|ico|bmp|tiff?|psd|woff2?|ttf|otf|eot|mp3|m4a|og[agv]|opus|wav|flac|aac|midi?|mp4|m4v|webm|mov|avi|mkv|mpe?g|wmv|vtt|srt|pdf|e?ps|md|csv|tsv|rtf|do[ct][xm]?|xl[st][xm]?|pp[st][xm]?|od[fgpst]|epub|mobi|djvu|ics|vcf|gpx|kml|swf|jar|exe|msi|apk|dmg|iso|deb|rpm|torrent)$/

/** Suffixes of copies that editors, packagers and people keep of a file. */
const COPY =
  /(?:[~#._ -]|,v|[-_. ](?:bak|bk|back|backup|old|ori|org|orig|original|save|saved|sav|swp|swo|swn|swx|tmp|temp|copy|dist|new|rej|txt|text|disabled|off|inactive|sample|example|default|test|local|prod|dev|source|src|rpm(?:save|new|orig)|(?:dpkg|ucf)-\w+|gz|bz2|xz|zst|zip|tar|tgz|7z|rar|\d[\d._-]*)|[ _-]?\((?:copy|\d+)\))$/

/**
 * Whether a file could be the source of a script, or a copy of one, as editors and people leave them. Its
 * name, the name of its link target and its first bytes decide.
 *
 * @param isLinked - whether a symbolic link leads to it.
 * @throws {CgiError} CGI_ERR_NOT_EXECUTABLE for a file that cannot be read.
 */
export function mayBeSource(file: string, isLinked: boolean, settings: OtherFileSettings): boolean {
  if (hasSourceName(file, settings) || beginsAsSource(file)) return true
  return isLinked && hasSourceName(realpathSync.native(file), settings)
}

const NONE: ReadonlyMap<string, unknown> = new Map()

function hasSourceName(file: string, settings: OtherFileSettings): boolean {
  const { interpreters, fallbackInterpreters = NONE, extensions = fallbackInterpreters } = settings
  const own = [...extensions.keys(), ...interpreters.keys()].map((extension) =>
    extension.toLowerCase(),
  )
  const name = toPlainName(file)
  if (!MEDIA.test(name) && holdsExtension(name, own)) return true
  return hasNameOrCopy(file, (original) => {
    return SOURCE.test(original) || own.some((extension) => original.endsWith(extension))
  })
}

/**
 * Whether a file has a wanted name, or that of a copy, as editors and people leave them.
 *
 * @param isWanted - gets a name in lower case, without leading dots.
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
    // Without O_NONBLOCK, a file that has become a FIFO would block the process.
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
