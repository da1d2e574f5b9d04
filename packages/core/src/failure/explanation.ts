import { STATUS_CODES } from 'node:http'
import { constants } from 'node:os'
import { toReadableText } from '../data/byte-string.js'
import { hintFor } from './hint.js'
import type { CgiError } from '../data/cgi-error.js'

/** A failure explained in words. Texts are raw: the writer of a page escapes them. */
export interface Explanation {
  /** `502 Bad Gateway` */
  readonly status: string
  /** The message of the error. */
  readonly sentence: string
  /** What to try: see {@link hintFor}. */
  readonly hint: string | undefined
  readonly facts: readonly Fact[]
  /** The end of standard error; empty if nothing was written, undefined if it is not known. */
  readonly standardError: string | undefined
}

export interface Fact {
  readonly name: string
  readonly value: string
  /** Whether the value is output or input of a program, to be set as code. */
  readonly isVerbatim: boolean
}

/** Explains a failure. */
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
  const { script, reason, line, output, upstream, exitCode, signal, pid, code } = error
  const facts: Fact[] = []
  const add = (name: string, value: string | undefined, isVerbatim = false): void => {
    if (value !== undefined) facts.push({ name, value, isVerbatim })
  }
  add('Script', script, true)
  add('Reason', reason && toReadableText(reason))
  if (code === 'CGI_ERR_BAD_HEADER' && line !== undefined) {
    add(`Line ${line} of output`, output ?? '', true)
  } else {
    add('Line of output', line?.toString())
    add('Output begins', output, true)
  }
  add('Application server', upstream)
  add('Exit code', exitCode?.toString())
  add('Signal', signal == null ? undefined : describeSignal(signal))
  add('Process ID', pid?.toString())
  add('Error code', code, true)
  return facts
}

function describeSignal(name: string): string {
  const number = Object.entries(constants.signals).find(([signal]) => signal === name)?.[1]
  return number === undefined ? name : `${name} (${number})`
}
