/**
 * Where messages go: pino's shape, so `request.log` of Fastify, pino and console-like loggers fit.
 * The first argument holds the facts (`script`, `scriptPid`, `err`), the second the sentence. A line of a
 * script's standard error has the fact `stream: 'stderr'`, which no message of the gateway has.
 */
export interface CgiLogger {
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** Loggers that have failed, each of which is told once. */
const failed = new WeakSet<CgiLogger>()

/** A logger that never throws: a message that cannot be logged costs no request its answer. */
export function guardLogger(logger: CgiLogger): CgiLogger {
  function log(level: keyof CgiLogger, facts: object, message: string): void {
    try {
      // A logger in JavaScript may well return a promise.
      const result: unknown = logger[level](facts, message)
      if (result instanceof Promise) result.catch(tell)
    } catch (error) {
      tell(error)
    }
  }

  function tell(error: unknown): void {
    if (failed.has(logger)) return
    failed.add(logger)
    try {
      writeLine({ reason: String(error) }, 'the logger has failed, and messages are lost')
    } catch {
      // There is nowhere left to tell it.
    }
  }

  return {
    warn: (facts, message) => log('warn', facts, message),
    error: (facts, message) => log('error', facts, message),
  }
}

/**
 * Where messages about a request go: to its own logger, else to the gateway's. To be called when there is a
 * message, as for most requests there is none.
 *
 * @param settings - whose logger is guarded already.
 */
export function loggerOf(
  request: { readonly logger?: CgiLogger | undefined },
  settings: { readonly logger: CgiLogger },
): CgiLogger {
  return request.logger === undefined ? settings.logger : guardLogger(request.logger)
}

/** Writes each message as one line to the standard error of this process. */
export const processLogger: CgiLogger = guardLogger({ warn: writeLine, error: writeLine })

/** An error with what it knows, as one line of text. */
export function describeFailure(error: Error): string {
  return inOneLine([`${error.name}: ${error.message}`, ...describe('err', error)])
}

/** Lines that have not been written yet. */
let unwritten = 0

function writeLine(facts: object, message: string): void {
  const { stderr } = process
  const words = [message]
  for (const [name, value] of Object.entries(facts)) words.push(...describe(name, value))
  // Its reader may have gone (EPIPE), which ends a process that does not listen for the error. Node
  // emits it after the callback.
  if (unwritten === 0) stderr.on('error', ignore)
  unwritten += 1
  stderr.write(`common-gateway: ${inOneLine(words)}\n`, () => setImmediate(forgetLine))
}

function forgetLine(): void {
  unwritten -= 1
  if (unwritten === 0) process.stderr.off('error', ignore)
}

function ignore(): void {}

/** What programs ask of an error, and people need not read. */
const FOR_PROGRAMS = new Set(['expose', 'status'])

function describe(name: string, value: unknown): string[] {
  if (value === undefined) return []
  if (!(value instanceof Error)) return [`${name}=${JSON.stringify(value)}`]
  // An error's own fields hold what is worth knowing; its sentence is the message already.
  const { cause } = value
  // What nobody has foreseen: the way to it is worth knowing, too.
  const stack = cause instanceof Error && cause.stack?.includes('\n') ? cause.stack : undefined
  return [...Object.entries(value), ['cause', stack] as const]
    .filter(([field]) => !FOR_PROGRAMS.has(field))
    .flatMap(([field, fact]) => describe(field === 'pid' ? 'scriptPid' : field, fact))
}

/** What a script writes must not move the cursor of the terminal, nor begin a line of its own. */
function inOneLine(words: readonly string[]): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return words.join(' ').replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
