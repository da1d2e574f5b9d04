import path from 'node:path'
import { beginningOf, type Beginning } from './file-beginning.js'
import { isProgram } from './program-search.js'
import { toShellWord } from './shell-word.js'
import type { DefaultInterpreter } from './default-interpreters.js'
import type { Site } from './site.js'

/** What a person should do so that a script can be run. */
export interface Advice {
  /** Why it cannot, and the first thing to try. */
  readonly brief: string
  /** All that can be done, as a sentence without its full stop. */
  readonly sentence: string
}

/** A script that is looked at. */
interface Candidate {
  /** As a person would type it where the command was started, quoted for a shell. */
  readonly word: string
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
  const candidate = { word: toShellWord(nameOf(file)), extension, known, beginning }
  if (!isExecutable) return adviseOnPlain(candidate)
  return beginning === 'text' ? adviseOnFirstLine(candidate) : undefined
}

/** Of one that nobody may execute, and that has no interpreter here. */
function adviseOnPlain({ word, extension, known, beginning }: Candidate): Advice {
  const options: string[] = []
  const chmod = `chmod +x ${word}`
  if (known !== undefined) {
    const install = `sudo apt-get install ${known.package}`
    options.push(`install ${known.name}, which runs ${extension} files (Debian: ${install})`)
  }
  if (beginning === 'program') options.push(`make it executable: ${chmod}`)
  else if (known === undefined) {
    options.push(`make it executable (${chmod}), with a first line such as #!/bin/sh`)
    if (extension !== '') options.push(`name what runs it: --interpreter ${extension}=PROGRAM`)
  }
  return {
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
  return { brief: `has no first line such as ${line}`, sentence: join(options) }
}

function join(options: readonly string[]): string {
  const text = options.join('; or ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function nameOf(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}
