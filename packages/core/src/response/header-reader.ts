import { excerptOf } from '../data/byte-string.js'
import { CgiError, type CgiErrorCode, toCgiError } from '../data/cgi-error.js'
import type { HeaderParser, ScriptHeader } from './header-parser.js'
import type { ScriptRun } from '../run/run.js'
import type { ScriptExit } from '../transport/transport.js'

/** Bytes of output that are kept for an error until the header is complete. */
const BEGINNING_SIZE = 1024

/**
 * Reads the header of a script's response; the output is paused after it.
 *
 * @param headersTimeout - the longest time for the header, in milliseconds; 0: no limit.
 * @throws {CgiError} those of the parser; CGI_ERR_NO_RESPONSE, CGI_ERR_KILLED, CGI_ERR_SPAWN,
 *   CGI_ERR_HEADERS_TIMEOUT, CGI_ERR_BODY_STALLED, CGI_ERR_REQUEST_TIMEOUT, CGI_ERR_CLIENT_GONE. On an
 *   error, the script is stopped.
 */
export function readHeader(
  run: ScriptRun,
  parser: HeaderParser,
  headersTimeout: number,
): Promise<ScriptHeader> {
  /** The output so far: an error without a header quotes an excerpt of it. */
  let beginning = ''
  const keep = (chunk: Buffer): void => {
    if (beginning.length < BEGINNING_SIZE) beginning += chunk.toString('latin1', 0, BEGINNING_SIZE)
  }
  const withOutput = (error: CgiError): CgiError => {
    return error.add({ output: beginning === '' ? undefined : excerptOf(beginning) })
  }
  return new Promise((resolve, reject) => {
    run.consume(headersTimeout, 'CGI_ERR_HEADERS_TIMEOUT', {
      data(chunk) {
        try {
          const header = parser.push(chunk)
          if (header === null) {
            keep(chunk)
            return
          }
          run.release()
          resolve(header)
        } catch (error) {
          keep(chunk)
          run.fail(withOutput(toCgiError(error)))
        }
      },
      end(exit) {
        const reason = `the output ended after ${parser.size} bytes`
        const error = withOutput(new CgiError(codeOf(exit), { reason, ...exit }))
        run.fail(error)
        reject(error)
      },
      fail: (error) => reject(withOutput(error)),
    })
    run.resume()
  })
}

function codeOf(exit: ScriptExit | undefined): CgiErrorCode {
  if (exit?.reason !== undefined) return 'CGI_ERR_SPAWN'
  return exit?.signal ? 'CGI_ERR_KILLED' : 'CGI_ERR_NO_RESPONSE'
}

/** Takes the place of a parser for output without a header: complete at the first bytes. */
export function createFirstByteReader(): HeaderParser {
  return {
    size: 0,
    lineNumber: 0,
    push: (chunk) => ({ fields: [], statusLine: undefined, rest: chunk }),
  }
}
