import { closeSync, constants, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { isProgram } from './program-search.js'
import { toShellWord } from './shell-word.js'
import type { Site } from './site.js'

/** What a person should do so that a script can be run. */
export interface Advice {
  /** Why it cannot, and the first thing to try. */
  readonly brief: string
  /** All that can be done, as a sentence without its full stop. */
  readonly sentence: string
}

/** Undefined where a script can be run. */
export function adviseOn(file: string, site: Site): Advice | undefined {
  const extension = path.extname(file)
  const known = site.defaultInterpreters.find((each) => each.extension === extension)
  const hasInterpreter = Object.hasOwn(site.interpreters, extension) || known?.program !== undefined
  if (hasInterpreter || isProgram(file)) return undefined
  const options: string[] = []
  const chmod = `chmod +x ${toShellWord(nameOf(file))}`
  if (known !== undefined) {
    const install = `sudo apt-get install ${known.package}`
    options.push(`install ${known.name}, which runs ${extension} files (Debian: ${install})`)
  }
  if (beginsAsProgram(file)) options.push(`make it executable: ${chmod}`)
  else if (known === undefined) {
    options.push(`make it executable (${chmod}), with a first line such as #!/bin/sh`)
    if (extension !== '') options.push(`name what runs it: --interpreter ${extension}=PROGRAM`)
  }
  const text = options.join('; or ')
  return {
    brief:
      known === undefined
        ? `not executable: ${chmod}`
        : `needs ${known.name}: sudo apt-get install ${known.package}`,
    sentence: text.charAt(0).toUpperCase() + text.slice(1),
  }
}

/** As a person would type it where the command was started. */
function nameOf(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}

/** Whether it has an interpreter line, or is a binary. */
function beginsAsProgram(file: string): boolean {
  const bytes = Buffer.alloc(4)
  try {
    // Opening a FIFO would wait for whoever writes to it.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      readSync(descriptor, bytes, 0, bytes.length, 0)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return false
  }
  return bytes.toString('latin1').startsWith('#!') || bytes.equals(Buffer.from('\x7fELF', 'latin1'))
}
