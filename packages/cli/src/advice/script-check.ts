import path from 'node:path'
import { beginningOf, type Beginning } from '../files/file-beginning.js'
import { isProgram } from '@common-gateway/core/steps'
import { toShellWord } from '../text/shell-word.js'
import type { DefaultInterpreter } from '../files/default-interpreters.js'
import type { Site } from '../site/site.js'

/** What a person should do so that a script can be run. */
export interface Advice {
  /** Whether it does not look like a script: it is left alone, unless somebody asks why it is not run. */
  readonly isData: boolean
  /** Why it cannot, and the first thing to try. */
  readonly brief: string
  /** All that can be done, as a sentence without its full stop. */
  readonly sentence: string
}

/** A script that is looked at. */
interface Candidate {
  /** As a person would type it where the command was started, quoted for a shell. */
  readonly word: string
  /** Whether an editor or a person has kept it of another. */
  readonly isCopy: boolean
  readonly extension: string
  /** What runs scripts with its extension by default, installed or not. */
  readonly known: DefaultInterpreter | undefined
  readonly beginning: Beginning
}

/** Undefined where a script can be run, as far as one can see. */
export function adviseOn(file: string, site: Site): Advice | undefined {
  const extension = path.extname(file)
  if (Object.hasOwn(site.interpreters, extension)) return undefined
  const known = site.defaultInterpreters.find((each) => each.extension === extension)
  const isExecutable = isProgram(file)
  if (!isExecutable && known?.program !== undefined) return undefined
  const beginning = beginningOf(file)
  const isCopy = COPY.test(path.basename(file))
  const candidate = { word: toShellWord(nameOf(file)), isCopy, extension, known, beginning }
  if (!isExecutable) return adviseOnPlain(candidate)
  return beginning === 'text' ? adviseOnFirstLine(candidate) : undefined
}

/** Extensions of scripts, beside those that have an interpreter by default. */
const SCRIPT_EXTENSIONS =
  /^\.(?:cgi|fcgi|fpl|pl|plx|phtml|php\d?|pyw|tcl|lua|bash|ksh|aspx?|jspx?)$/i

const COPY = /~$|^#|\.(?:bak|orig|old|save|swp|rej|dpkg-\w+|rpm(?:save|new))$/i

/** Whether a name ends as those of scripts do; `.js` is more often that of a page's program. */
export function hasScriptExtension(
  name: string,
  { interpreters, defaultInterpreters }: Pick<Site, 'interpreters' | 'defaultInterpreters'>,
): boolean {
  const extension = path.extname(name)
  if (Object.hasOwn(interpreters, extension) || SCRIPT_EXTENSIONS.test(extension)) return true
  return extension !== '.js' && defaultInterpreters.some((each) => each.extension === extension)
}

/** What to do about a script that lies outside of all folders of scripts, as a sentence without its full stop. */
export function adviseOnStray(file: string, site: Site): string {
  const extension = path.extname(file)
  if (!hasScriptExtension(file, site)) {
    return 'It looks like a script, or a copy of one: they are run in cgi-bin; --cgi-dir names other folders'
  }
  return (
    `It looks like a script: --scripts ${extension} runs what ends in ${extension} wherever it lies; ` +
    `--send ${extension} sends it as it is`
  )
}

/** Not a word of `chmod`: whoever follows it has data run by its URL. */
const DATA: Advice = {
  isData: true,
  brief: 'data for scripts',
  sentence:
    'It looks like data for scripts, and is not sent. A script is executable, and begins with a line ' +
    'such as #!/bin/sh',
}

/** What to do about a link that leaves what is served, as a sentence without its full stop. */
export function adviseOnLink(target: string, isFolder: boolean): string {
  const root = toShellWord(isFolder ? target : path.dirname(target))
  return `It is a link to ${target}, outside of what is served: --link-root ${root} allows it`
}

/** Of one that nobody may execute, and that has no interpreter here. */
function adviseOnPlain({ word, isCopy, extension, known, beginning }: Candidate): Advice {
  const options: string[] = []
  const chmod = `chmod +x ${word}`
  const isScript = beginning === 'program' || SCRIPT_EXTENSIONS.test(extension)
  if (known === undefined && (!isScript || isCopy)) return DATA
  if (known !== undefined) {
    const install = `sudo apt-get install ${known.package}`
    options.push(`install ${known.name}, which runs ${extension} files (Debian: ${install})`)
  }
  if (beginning === 'program') options.push(`make it executable: ${chmod}`)
  else if (known === undefined) {
    options.push(`make it executable (${chmod}), with a first line such as #!/bin/sh`)
    options.push(`name what runs it: --interpreter ${extension}=PROGRAM`)
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

/** Of one that the system takes for a program, and then finds to be none. */
function adviseOnFirstLine({ word, extension, known }: Candidate): Advice {
  const line = known === undefined ? '#!/bin/sh' : `#!/usr/bin/env ${known.name}`
  const options = [`begin it with a line that says what runs it, such as ${line}`]
  if (known?.program !== undefined) {
    options.push(`chmod -x ${word}, since ${known.name} runs ${extension} files anyhow`)
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
