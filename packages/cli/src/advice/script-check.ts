import path from 'node:path'
import { beginningOf, type Beginning } from '../files/file-beginning.js'
import { isInside, isProgram } from '@common-gateway/core/steps'
import { quoteArgument } from '../text/shell-argument.js'
import type { DefaultInterpreter } from '../files/default-interpreters.js'
import type { Site } from '../site/site.js'

/** Advice for a file that cannot be run as a script. */
export interface Advice {
  /** Whether the file looks like data rather than a script. The start screen does not list it. */
  readonly isData: boolean
  /** The reason, and the first remedy. */
  readonly brief: string
  /** All remedies, as a sentence without its full stop. */
  readonly sentence: string
}

/** The facts about a script that the advice depends on. */
interface Candidate {
  /** The file as an argument for a shell in the working directory. */
  readonly argument: string
  /** Whether its name is that of a backup or of an editor's temporary file. */
  readonly isCopy: boolean
  readonly extension: string
  /** The default interpreter of its extension, installed or not. */
  readonly known: DefaultInterpreter | undefined
  readonly beginning: Beginning
}

/** Advice for a file in a folder of scripts; undefined if it can be run, as far as its first bytes show. */
export function adviseOn(file: string, site: Site): Advice | undefined {
  const extension = path.extname(file)
  if (Object.hasOwn(site.interpreters, extension)) return undefined
  if (Object.hasOwn(site.servers, extension)) return undefined
  const known = site.defaultInterpreters.find((interpreter) => interpreter.extension === extension)
  const isExecutable = isProgram(file)
  if (!isExecutable && known?.program !== undefined) return undefined
  const beginning = beginningOf(file)
  const isCopy = COPY.test(path.basename(file))
  const argument = quoteArgument(nameOf(file))
  const candidate = { argument, isCopy, extension, known, beginning }
  if (!isExecutable) return adviseOnPlain(candidate)
  return beginning === 'text' ? adviseOnFirstLine(candidate) : undefined
}

/** Extensions of scripts that have no default interpreter. */
const SCRIPT_EXTENSIONS =
  /^\.(?:cgi|fcgi|fpl|pl|plx|phtml|php\d?|pyw|tcl|lua|bash|ksh|aspx?|jspx?)$/i

const COPY = /~$|^#|\.(?:bak|orig|old|save|swp|rej|dpkg-\w+|rpm(?:save|new))$/i

/** Whether a name has the extension of a script. `.js` does not count: most such files are for browsers. */
export function hasScriptExtension(
  name: string,
  { interpreters, defaultInterpreters }: Pick<Site, 'interpreters' | 'defaultInterpreters'>,
): boolean {
  const extension = path.extname(name)
  if (Object.hasOwn(interpreters, extension) || SCRIPT_EXTENSIONS.test(extension)) return true
  const isKnown = defaultInterpreters.some((interpreter) => interpreter.extension === extension)
  return extension !== '.js' && isKnown
}

/** Advice for a script outside the folders of scripts, as a sentence without its full stop. */
export function adviseOnStray(file: string, site: Site): string {
  const extension = path.extname(file)
  const { folder } = site.trees.find((tree) => isInside(file, tree.folder)) ?? site
  const names = path.relative(folder, file).split(path.sep)
  if (names.some((name) => /^\.[^.]/.test(name) && name !== '.well-known')) {
    return 'Names that begin with a dot are not sent, except /.well-known/'
  }
  if (COPY.test(path.basename(file))) {
    return 'It looks like a copy of a script, whose source is never sent'
  }
  if (!hasScriptExtension(file, site)) {
    return 'It looks like a script or a copy of one. Scripts run in cgi-bin; --cgi-dir sets other folders'
  }
  return (
    `It looks like a script: --scripts ${extension} runs ${extension} files in every folder; ` +
    `--send ${extension} sends them as they are`
  )
}

/** It does not mention `chmod`, which would let a URL execute a data file. */
const DATA: Advice = {
  isData: true,
  brief: 'data for scripts',
  sentence:
    'It looks like data for scripts, so it is not sent. A script is executable and begins with a line ' +
    'such as #!/bin/sh',
}

/** Advice for a link that leaves the site, as a sentence without its full stop. */
export function adviseOnLink(target: string, isFolder: boolean): string {
  const root = quoteArgument(isFolder ? target : path.dirname(target))
  return `It is a link to ${target}, outside the site: --link-root ${root} allows it`
}

/** Advice for a file that is not executable and has no installed interpreter. */
function adviseOnPlain({ argument, isCopy, extension, known, beginning }: Candidate): Advice {
  const options: string[] = []
  const chmod = `chmod +x ${argument}`
  const isScript = beginning === 'program' || SCRIPT_EXTENSIONS.test(extension)
  if (known === undefined && (!isScript || isCopy)) return DATA
  if (known !== undefined) {
    const install = `sudo apt-get install ${known.package}`
    options.push(`install ${known.name}, which runs ${extension} files (Debian: ${install})`)
  }
  if (beginning === 'program') options.push(`make it executable: ${chmod}`)
  else if (known === undefined) {
    options.push(`make it executable (${chmod}), with a first line such as #!/bin/sh`)
    options.push(`set its interpreter: --interpreter ${extension}=PROGRAM`)
  }
  return {
    isData: false,
    brief:
      known === undefined
        ? `not executable: ${chmod}`
        : `needs ${known.name}: sudo apt-get install ${known.package}`,
    sentence: join(options),
  }
}

/** Advice for an executable text file without an interpreter line: execve(2) fails with ENOEXEC. */
function adviseOnFirstLine({ argument, extension, known }: Candidate): Advice {
  const line = known === undefined ? '#!/bin/sh' : `#!/usr/bin/env ${known.name}`
  const options = [`add a first line that names its interpreter, such as ${line}`]
  if (known?.program !== undefined) {
    options.push(`chmod -x ${argument}, since ${known.name} runs ${extension} files by default`)
  }
  return { isData: false, brief: `has no first line such as ${line}`, sentence: join(options) }
}

function join(options: readonly string[]): string {
  const text = options.join('; or ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function nameOf(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}
