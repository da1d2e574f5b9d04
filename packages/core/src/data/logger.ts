import { showControls } from './visible-text.js'

/**
 * A logger with pino's signature, which `request.log` of Fastify, pino and console-like loggers have.
 * The first argument holds the facts (`script`, `scriptPid`, `err`), the second the message. A line of a
 * script's standard error has the fact `stream: 'stderr'`, which no message of the gateway has.
 */
export interface CgiLogger {
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Loggers that have failed: each failure is reported once. */
const failed = new WeakSet<CgiLogger>()

/** Wraps a logger so that it never throws: a failure to log must not fail the request. */
export function guardLogger(logger: CgiLogger): CgiLogger {
  function log(level: keyof CgiLogger, facts: object, message: string): void {
    try {
      // The type does not stop a logger from returning a promise.
      const result: unknown = logger[level](facts, message)
      if (result instanceof Promise) result.catch(report)
    } catch (error) {
      report(error)
    }
  }

  function report(error: unknown): void {
    if (failed.has(logger)) return
    failed.add(logger)
    try {
      writeLine({ reason: String(error) }, 'the logger failed; messages are lost')
    } catch {
      // Standard error has failed as well.
    }
  }

  return {
    warn: (facts, message) => log('warn', facts, message),
    error: (facts, message) => log('error', facts, message),
  }
}

/**
 * The logger for messages about a request: its own, else the gateway's. Called only when there is a message,
 * since most requests have none.
 *
 * @param settings - its logger is already guarded.
 */
export function loggerOf(
  request: { readonly logger?: CgiLogger | undefined },
  settings: { readonly logger: CgiLogger },
): CgiLogger {
  return request.logger === undefined ? settings.logger : guardLogger(request.logger)
}

/** Writes each message as one line to the standard error of this process. */
export const processLogger: CgiLogger = guardLogger({ warn: writeLine, error: writeLine })

/** An error with its facts, as one line of text. */
export function describeFailure(error: Error): string {
  return inOneLine([`${error.name}: ${error.message}`, ...describe('err', error)])
}

/** The number of lines that are being written. */
let pending = 0

function writeLine(facts: object, message: string): void {
  const { stderr } = process
  const parts = [message]
  for (const [name, value] of Object.entries(facts)) parts.push(...describe(name, value))
  // If its reader is gone, a write fails (EPIPE), and without a listener for 'error' that is an uncaught
  // exception. Node.js emits 'error' after the callback.
  if (pending === 0) stderr.on('error', ignore)
  pending += 1
  stderr.write(`common-gateway: ${inOneLine(parts)}\n`, () => setImmediate(forgetLine))
}

function forgetLine(): void {
  pending -= 1
  if (pending === 0) process.stderr.off('error', ignore)
}

function ignore(): void {}

/** Fields of an error that are for programs only. */
const FOR_PROGRAMS = new Set(['expose', 'status'])

function describe(name: string, value: unknown): string[] {
  if (value === undefined) return []
  if (!(value instanceof Error)) return [`${name}=${JSON.stringify(value)}`]
  // The fields of an error are facts; its message is the message of the line already.
  const { cause } = value
  // An unexpected error has frames, which are needed to find its cause.
  const stack = cause instanceof Error && cause.stack?.includes('\n') ? cause.stack : undefined
  return [...Object.entries(value), ['cause', stack] as const]
    .filter(([field]) => !FOR_PROGRAMS.has(field))
    .flatMap(([field, fact]) => describe(field === 'pid' ? 'scriptPid' : field, fact))
}

/** One line: a newline in the text of a script must not begin another. */
function inOneLine(parts: readonly string[]): string {
  return showControls(parts.join(' ')).replaceAll('\n', String.raw`\x0a`)
}
