import { STATUS_CODES } from 'node:http'
import { constants } from 'node:os'
import { toReadableText } from '../data/byte-string.js'
import { hintFor } from './hint.js'
import type { CgiError } from '../data/cgi-error.js'

/** What is known of a failure, in words. Text is as it was: whoever shows it has to escape it. */
export interface Explanation {
  /** `502 Bad Gateway` */
  readonly status: string
  /** What went wrong, in one sentence. */
  readonly sentence: string
  /** What to try. */
  readonly hint: string | undefined
  readonly facts: readonly Fact[]
  /** The end of standard error; empty where there was nothing, undefined where it is not known. */
  readonly standardError: string | undefined
}

/** One fact, with its name. */
export interface Fact {
  readonly name: string
  readonly value: string
  /** Whether it is what a program has written or reads, and not a word. */
  readonly isVerbatim: boolean
}

/** Says what is known of a failure. */
export function explain(error: CgiError): Explanation {
  const { message, standardError } = error
  return {
    status: `${error.statusCode} ${STATUS_CODES[error.statusCode] ?? ''}`.trim(),
    sentence: message,
    hint: hintFor(error),
    facts: factsOf(error),
    standardError: standardError?.trimEnd(),
  }
}

function factsOf(error: CgiError): Fact[] {
  const { script, reason, line, output, exitCode, signal, pid, code } = error
  const facts: Fact[] = []
  const add = (name: string, value: string | undefined, isVerbatim = false): void => {
    if (value !== undefined) facts.push({ name, value, isVerbatim })
  }
  add('Script', script, true)
  add('What was wrong', reason && toReadableText(reason))
  if (code === 'CGI_ERR_BAD_HEADER' && line !== undefined) {
    add(`Line ${line} of its output`, output ?? '', true)
  } else {
    add('Line of its output', line?.toString())
    add('Its output begins', output, true)
  }
  add('Exit code', exitCode?.toString())
  add('Signal', signal == null ? undefined : describeSignal(signal))
  add('Process', pid?.toString())
  add('Error code', code, true)
  return facts
}

function describeSignal(name: string): string {
  const number = Object.entries(constants.signals).find(([each]) => each === name)?.[1]
  return number === undefined ? name : `${name} (${number})`
}
