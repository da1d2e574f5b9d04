import { excerptOf } from '../data/byte-string.js'
import { CgiError, type CgiErrorCode, toCgiError } from '../data/cgi-error.js'
import type { HeaderParser, ScriptHeader } from './header-parser.js'
import type { ScriptRun } from '../run/run.js'
import type { ScriptExit } from '../transport/transport.js'

/** How much of the output is kept until its header is complete, in bytes. */
const BEGINNING_SIZE = 1024

/**
 * Reads the header of a script's response; the output is paused after it.
 *
 * @param headersTimeout - how long it may take, in milliseconds; 0: no limit.
 * @throws {CgiError} what the parser throws; CGI_ERR_NO_RESPONSE, CGI_ERR_KILLED, CGI_ERR_SPAWN,
 *   CGI_ERR_HEADERS_TIMEOUT, CGI_ERR_BODY_STALLED, CGI_ERR_REQUEST_TIMEOUT, CGI_ERR_CLIENT_GONE. The
 *   script is stopped then.
 */
export function readHeader(
  run: ScriptRun,
  parser: HeaderParser,
  headersTimeout: number,
): Promise<ScriptHeader> {
  /** What has come while there is no header: an excerpt of it is told when there never is one. */
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

/** In the place of a parser, for output that has no header: done when the first bytes are there. */
export function createFirstByteReader(): HeaderParser {
  return {
    size: 0,
    lineNumber: 0,
    push: (chunk) => ({ fields: [], statusLine: undefined, rest: chunk }),
  }
}
