import { STATUS_CODES } from 'node:http'
import { toReadableText } from '../data/byte-string.js'
import { createErrorDocument, ERROR_DOCUMENT_POLICY } from './document.js'
import { showControls } from '../data/visible-text.js'
import { type Explanation, explain } from './explanation.js'
import { hintFor } from './hint.js'
import { CgiError } from '../data/cgi-error.js'
import { preferredType } from './media-type.js'

/** A response that explains a failure to the developer of the script. */
export interface ErrorPage {
  /** Fields of the response that describe the body and restrict what it may do; names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Explains a failed run: as HTML or JSON if the Accept field prefers one of them, else as plain text. The page
 * shows paths of the server and output of the script, so it is for development only. Returns null for an error
 * that has no script (another class, or a bad request), and for a client without an Accept field, which is a
 * program that needs only the status.
 *
 * @param accept - the Accept field of the request; undefined if there is none.
 * @param audience - the sentence at the foot that says why the page is shown; by default it names `NODE_ENV`.
 */
export function createErrorPage(
  error: unknown,
  accept?: string,
  audience?: string,
): ErrorPage | null {
  if (!(error instanceof CgiError) || accept === undefined) return null
  if (error.script === undefined && error.statusCode < 500) return null
  const type = preferredType(accept, ['text/plain', 'text/html', 'application/json'])
  const body = WRITERS[type](error, audience)
  return {
    headers: {
      'content-type': type === 'application/json' ? type : `${type}; charset=utf-8`,
      'content-length': String(Buffer.byteLength(body)),
      'content-security-policy': ERROR_DOCUMENT_POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
    body,
  }
}

const WRITERS = {
  'text/plain': (error: CgiError): string => writeText(explain(error)),
  'text/html': (error: CgiError, audience?: string): string => {
    return createErrorDocument(explain(error), audience)
  },
  'application/json': writeJson,
}

/** Fastify's error fields, and the facts of the failure. */
function writeJson(error: CgiError): string {
  const { statusCode, code, message, script, reason, line, output } = error
  const { upstream, exitCode, signal, pid, standardError } = error
  const value = {
    statusCode,
    code,
    error: STATUS_CODES[statusCode],
    message,
    script,
    reason: reason && toReadableText(reason),
    line,
    output,
    upstream,
    exitCode,
    signal,
    pid,
    hint: hintFor(error),
    standardError,
  }
  // Cannot be read as HTML, even if the Content-Type is lost.
  return `${JSON.stringify(value, null, 2).replaceAll('<', String.raw`\u003c`)}\n`
}

function writeText({ status, sentence, hint, facts, standardError }: Explanation): string {
  const width = Math.max(...facts.map(({ name }) => name.length)) + 2
  const parts = [
    `${status}\n${sentence}`,
    facts
      .map(({ name, value }) => `${`${name}:`.padEnd(width)}${indent(showControls(value), width)}`)
      .join('\n'),
    hint,
    standardError && `End of standard error:\n${showControls(standardError)}`,
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

function indent(text: string, width: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(width)}`)
}
