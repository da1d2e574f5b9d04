import { statSync } from 'node:fs'
import type { CgiError } from '../data/cgi-error.js'

/** What to try, for the failures that everybody has some day; undefined for the others. */
export function hintFor(error: CgiError): string | undefined {
  return error.hint ?? HINTS.find(({ fits }) => fits(error))?.hint(error)
}

interface Hint {
  readonly fits: (error: CgiError) => boolean
  readonly hint: (error: CgiError) => string
}

const BY_HAND = 'Run it by hand, as the user that the server runs as, to see what it says.'

const HEADER_FIRST =
  'What a script prints first is its header. It has to print “Content-Type: text/html” and an empty ' +
  'line before anything else, messages for debugging included; those belong on standard error.'

const NO_EMPTY_LINE =
  'There is an empty line missing after the header: “Content-Type: text/html”, then an empty line, ' +
  'then the page.'

const CARRIAGE_RETURN =
  'The first line ends in a carriage return, which becomes a part of the interpreter’s name. Save the ' +
  'script with the line ends of Unix (LF, not CRLF).'

const STATUS =
  'A status is three digits, from 200 to 599, and words if you like: “Status: 404 Not Found”.'

const SEE_LIMIT = 'The limit is the host’s own (ulimit), or the option'

const HINTS: readonly Hint[] = [
  {
    fits: ({ code, reason, script }) =>
      code === 'CGI_ERR_NOT_EXECUTABLE' &&
      has(reason, 'not executable') &&
      hasExecutePermission(script),
    hint: () =>
      'It has execute permission, yet it may not be run: its file system is mounted with “noexec”, or ' +
      'the permission is not for the user that the server runs as.',
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_NOT_EXECUTABLE' && has(reason, 'not executable'),
    hint: ({ script = 'it' }) =>
      'Name a program for its extension in the option “interpreters”, or make it executable: ' +
      `chmod +x ${quote(script)}`,
  },
  {
    fits: ({ linkTarget }) => linkTarget !== undefined,
    hint: ({ linkTarget }) =>
      `Links that leave the folder of the scripts are not followed, unless they lead into a folder that the option “linkRoots” names: ${linkTarget}`,
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_SPAWN' && has(reason, '\\r"'),
    hint: () => CARRIAGE_RETURN,
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_SPAWN' && has(reason, 'ENOENT'),
    hint: () =>
      'The interpreter that its first line (#!) names is not there. Look where it is, ' +
      'or let it be found: #!/usr/bin/env python3.',
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_SPAWN' && has(reason, 'ENOEXEC'),
    hint: () =>
      'It is no program. A script begins with the two characters #! and the path of its interpreter, ' +
      'such as #!/bin/sh, with nothing before them: no empty line, no byte order mark.',
  },
  {
    // What comes before the script has run, and has said why.
    fits: ({ code, exitCode }) => code === 'CGI_ERR_SPAWN' && exitCode !== undefined,
    hint: () =>
      'Whom the options “user” and “group” name must be able to run the script, to read it if it has ' +
      'an interpreter, and to reach it through all folders above it.',
  },
  {
    fits: ({ signal }) => signal === 'SIGXCPU',
    hint: () => `It used more processor time than it may have. ${SEE_LIMIT} “cpuTimeLimit”.`,
  },
  {
    fits: ({ signal }) => signal === 'SIGXFSZ',
    hint: () => `It wrote a larger file than it may. ${SEE_LIMIT} “fileSizeLimit”.`,
  },
  {
    fits: ({ exitCode, standardError }) => exitCode === 127 && /\r|\\r/.test(standardError ?? ''),
    hint: () => CARRIAGE_RETURN,
  },
  {
    fits: ({ exitCode }) => exitCode === 127,
    hint: () =>
      'Exit code 127 says that a program was not found. Scripts get the PATH that the server was ' +
      'started with.',
  },
  {
    fits: ({ output }) => output?.startsWith('\ufeff') ?? false,
    hint: () =>
      'Its output begins with a byte order mark (EF BB BF), which editors do not show. Save the file that ' +
      'it comes from as UTF-8 without a byte order mark.',
  },
  {
    fits: ({ code, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && /\0[^\0]\0|[^\0]\0[^\0]\0/.test(output ?? ''),
    hint: () =>
      'Its output is UTF-16: each character is two bytes. A header is ASCII. Have the script print UTF-8.',
  },
  {
    fits: ({ code, output }) => code === 'CGI_ERR_BAD_HEADER' && (output?.endsWith('\r') ?? false),
    hint: () =>
      'Its lines end in two carriage returns and a line feed. It prints CRLF where each LF is made a CRLF ' +
      'once more: print LF alone, or set the output to binary.',
  },
  {
    fits: ({ code, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && /^[\w-]+[ \t]+:(?!:)/.test(output ?? ''),
    hint: () =>
      'No blank may stand between the name of a field and its colon: “Content-Type: text/html”.',
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_BAD_HEADER' && has(reason, 'Status'),
    hint: () => STATUS,
  },
  {
    fits: ({ code, line, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && line === 1 && PROSE.test(output ?? ''),
    hint: () =>
      'That line looks like a message: the program may say there why it does not do what it is asked. ' +
      `If it is only in the way: ${HEADER_FIRST}`,
  },
  {
    fits: ({ code, line }) => code === 'CGI_ERR_BAD_HEADER' && line === 1,
    hint: () => HEADER_FIRST,
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_BAD_HEADER' && has(reason, 'colon'),
    hint: () => NO_EMPTY_LINE,
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_NO_RESPONSE' && has(reason, 'header is empty'),
    hint: () => `It began with an empty line. ${HEADER_FIRST}`,
  },
  {
    fits: ({ code, output }) => code === 'CGI_ERR_NO_RESPONSE' && output !== undefined,
    hint: () => NO_EMPTY_LINE,
  },
  {
    fits: ({ code, standardError }) => code === 'CGI_ERR_NO_RESPONSE' && standardError === '',
    hint: () => `It printed nothing at all. ${BY_HAND}`,
  },
]

/** A sentence, or the beginning of one: at least three words, and no markup. */
const PROSE = /^[^<>{}:]*\p{L}+[,;]? +\p{L}+[,;]? +[^<>{}]*$/u

function hasExecutePermission(script = ''): boolean {
  const status = statSync(script, { throwIfNoEntry: false })
  return status !== undefined && (status.mode & 0o111) !== 0
}

function has(text: string | undefined, part: string): boolean {
  return text?.includes(part) ?? false
}

/** A word for a shell, quoted where it has to be. */
function quote(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
