import { statSync } from 'node:fs'
import type { CgiError } from '../data/cgi-error.js'

/**
 * Suggests what to try, for the failures that occur most often; undefined for the others. Options, and text to
 * type, are in backticks.
 */
export function hintFor(error: CgiError): string | undefined {
  return error.hint ?? HINTS.find(({ fits }) => fits(error))?.hint(error)
}

interface Hint {
  readonly fits: (error: CgiError) => boolean
  readonly hint: (error: CgiError) => string
}

const HEADER_FIRST =
  'A script prints its header first: a field such as `Content-Type: text/html`, then an empty line, then the ' +
  'content. Print debugging messages to standard error.'

const NO_EMPTY_LINE =
  'The empty line after the header is missing. Print `Content-Type: text/html`, then an empty line, then the ' +
  'content.'

const CARRIAGE_RETURN =
  'The first line ends in a carriage return, which becomes part of the name of the interpreter. Save the script ' +
  'with Unix line endings (LF, not CRLF).'

const SEE_LIMIT = 'The limit is that of the system (ulimit), or the option'

/** The first that fits is shown. */
const HINTS: readonly Hint[] = [
  {
    fits: ({ fault, script }) => fault === 'no-permission' && hasExecutePermission(script),
    hint: () =>
      'The file has execute permission, but cannot be run. Either its file system is mounted with `noexec`, or ' +
      'the permission does not apply to the user that the server runs as.',
  },
  {
    fits: ({ fault }) => fault === 'no-permission',
    hint: ({ script = 'FILE' }) =>
      'If the file is no script, the option `otherFiles` can send it. If it is one, set an interpreter for its ' +
      'extension in the option `interpreters`, or make it executable: ' +
      `\`chmod +x ${quote(script)}\``,
  },
  {
    fits: ({ linkTarget }) => linkTarget !== undefined,
    hint: ({ linkTarget }) =>
      'A link that leaves the folder of the scripts is followed only into folders that the option `linkRoots` ' +
      `lists. This link leads to ${linkTarget}.`,
  },
  {
    fits: ({ code, reason }) => code === 'CGI_ERR_SPAWN' && (reason?.includes('\\r"') ?? false),
    hint: () => CARRIAGE_RETURN,
  },
  {
    fits: ({ code, fault }) => code === 'CGI_ERR_SPAWN' && fault === 'ENOENT',
    hint: () =>
      'The interpreter in the first line (#!) does not exist. Correct its path, or have it found in PATH: ' +
      '`#!/usr/bin/env python3`.',
  },
  {
    fits: ({ code, fault }) => code === 'CGI_ERR_SPAWN' && fault === 'ENOEXEC',
    hint: () =>
      'The file is not an executable. A script begins with the two characters #! and the path of its ' +
      'interpreter, such as `#!/bin/sh`. Nothing may precede them: no empty line, no byte order mark.',
  },
  {
    // A tool of the confinement exited before it started the script, and gave the reason.
    fits: ({ code, exitCode }) => code === 'CGI_ERR_SPAWN' && exitCode !== undefined,
    hint: () =>
      'The user and group set by `user` and `group` must be able to run the script, to read it if it has an ' +
      'interpreter, and to enter every folder above it.',
  },
  {
    fits: ({ code, fault }) => code === 'CGI_ERR_NO_UPSTREAM' && fault === 'ENOENT',
    hint: () =>
      'The socket does not exist. The application server is not running, or listens elsewhere; php-fpm names its ' +
      'socket in `listen` of its pool.',
  },
  {
    fits: ({ code, fault }) => code === 'CGI_ERR_NO_UPSTREAM' && fault === 'EACCES',
    hint: () =>
      'The user that this server runs as may not connect to the socket. Set its owner or mode, in php-fpm by ' +
      '`listen.owner`, `listen.group` and `listen.mode`.',
  },
  {
    fits: ({ code, fault }) => code === 'CGI_ERR_NO_UPSTREAM' && fault === 'ECONNREFUSED',
    hint: () =>
      'Nothing listens at this address. Start the application server, or correct the address.',
  },
  {
    fits: ({ code }) => code === 'CGI_ERR_UPSTREAM_TIMEOUT',
    hint: () =>
      'All processes of the application server may be busy, or a firewall may drop the packets. Give it more ' +
      'processes, or correct the address.',
  },
  {
    fits: ({ code }) => code === 'CGI_ERR_UPSTREAM_PROTOCOL',
    hint: () =>
      'The program at this address may speak another protocol, such as HTTP: check the address and the port.',
  },
  {
    fits: ({ signal }) => signal === 'SIGXCPU',
    hint: () => `The script used more processor time than it may. ${SEE_LIMIT} \`cpuTimeLimit\`.`,
  },
  {
    fits: ({ signal }) => signal === 'SIGXFSZ',
    hint: () => `The script wrote a larger file than it may. ${SEE_LIMIT} \`fileSizeLimit\`.`,
  },
  {
    fits: ({ exitCode, standardError }) => exitCode === 127 && /\r|\\r/.test(standardError ?? ''),
    hint: () => CARRIAGE_RETURN,
  },
  {
    fits: ({ exitCode }) => exitCode === 127,
    hint: () =>
      'Exit code 127 means that a program was not found. Scripts get the PATH that the server was started with.',
  },
  {
    fits: ({ output }) => output?.startsWith('\ufeff') ?? false,
    hint: () =>
      'The output begins with a byte order mark (EF BB BF), which editors do not show. Save the file that it ' +
      'comes from as UTF-8 without a byte order mark.',
  },
  {
    fits: ({ code, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && /\0[^\0]\0|[^\0]\0[^\0]\0/.test(output ?? ''),
    hint: () =>
      'The output is UTF-16, with two bytes for each character. A header is ASCII: print UTF-8.',
  },
  {
    fits: ({ code, output }) => code === 'CGI_ERR_BAD_HEADER' && (output?.endsWith('\r') ?? false),
    hint: () =>
      'The lines end in two carriage returns and a line feed: the script prints CRLF, and each LF becomes CRLF ' +
      'once more. Print LF alone, or set the output to binary.',
  },
  {
    fits: ({ code, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && /^[\w-]+[ \t]+:(?!:)/.test(output ?? ''),
    hint: () =>
      'Remove the space between the name of the field and its colon: `Content-Type: text/html`.',
  },
  {
    fits: ({ fault }) => fault === 'bad-status',
    hint: () =>
      'A status is a number from 200 to 599, and may have a reason phrase: `Status: 404 Not Found`.',
  },
  {
    fits: ({ code, line, output }) =>
      code === 'CGI_ERR_BAD_HEADER' && line === 1 && PROSE.test(output ?? ''),
    hint: () =>
      `The line looks like a message, which may say why the program refuses to run. If not: ${HEADER_FIRST}`,
  },
  {
    fits: ({ code, line }) => code === 'CGI_ERR_BAD_HEADER' && line === 1,
    hint: () => HEADER_FIRST,
  },
  {
    fits: ({ fault }) => fault === 'no-colon',
    hint: () => NO_EMPTY_LINE,
  },
  {
    fits: ({ fault }) => fault === 'empty-header',
    hint: () => `The output began with an empty line. ${HEADER_FIRST}`,
  },
  {
    fits: ({ code, output }) => code === 'CGI_ERR_NO_RESPONSE' && output !== undefined,
    hint: () => NO_EMPTY_LINE,
  },
  {
    fits: ({ code, standardError }) => code === 'CGI_ERR_NO_RESPONSE' && standardError === '',
    hint: () =>
      'The script printed nothing. Run it by hand, as the user that the server runs as, to see why.',
  },
]

/** The beginning of a sentence: at least three words, and no markup. */
const PROSE = /^[^<>{}:]*\p{L}+[,;]? +\p{L}+[,;]? +[^<>{}]*$/u

function hasExecutePermission(script = ''): boolean {
  const status = statSync(script, { throwIfNoEntry: false })
  return status !== undefined && (status.mode & 0o111) !== 0
}

/** An argument for a shell, quoted if necessary. */
function quote(argument: string): string {
  return /^[\w./@:+-]+$/.test(argument)
    ? argument
    : `'${argument.replaceAll("'", String.raw`'\''`)}'`
}
