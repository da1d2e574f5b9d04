import { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import type { OpenRequest } from './open-request.js'

/** What a message may be about; the gateway and Fastify fill in what they know. */
interface Facts {
  /** What an error knows is in fields of its own. */
  readonly err?: Error & Facts
  /** Absolute path. */
  readonly script?: string
  readonly scriptPid?: number
  readonly reason?: string
  readonly line?: number
  readonly exitCode?: number | null
  readonly hint?: string
  readonly droppedBytes?: number
}

/** The logger of one request: what Fastify and the gateway say of it goes to its record. */
export function createRequestLogger(record: OpenRequest): FastifyBaseLogger {
  return createLogger((facts, message) => {
    if (isLineOfScript(facts)) record.writeLine(message)
    else if (facts.droppedBytes !== undefined) record.drop(facts.droppedBytes)
    // How a script has ended is known without being told.
    else if (
      facts.err !== undefined ||
      facts.reason !== undefined ||
      facts.exitCode === undefined
    ) {
      record.fail(describe(facts, message), facts.err?.script ?? facts.script)
    }
  })
}

/** A logger for Fastify that passes on warnings and errors. */
export function createLogger(write: (facts: Facts, message: string) => void): FastifyBaseLogger {
  const pass = (facts: unknown, message = ''): void => {
    // Fastify and the gateway pass an object, or a message alone.
    if (typeof facts === 'string') write({}, facts)
    else write(facts as Facts, message)
  }
  const ignore = (): void => {}
  const log: FastifyBaseLogger = {
    level: 'warn',
    fatal: pass,
    error: pass,
    warn: pass,
    info: ignore,
    debug: ignore,
    trace: ignore,
    silent: ignore,
    child: () => log,
  }
  return log
}

/** Has Fastify tell of nothing but a response that breaks off because its script failed. */
export class FailuresOnly extends LogController {
  constructor() {
    super({ disableRequestLogging: true })
  }

  override streamError(error: Error, request: FastifyRequest): void {
    const code = 'code' in error ? error.code : undefined
    const hasClientGone = code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'CGI_ERR_CLIENT_GONE'
    if (!hasClientGone) request.log.error({ err: error }, 'the response breaks off')
  }
}

/** What the gateway says of a script itself has a fact more. */
function isLineOfScript(facts: Facts): boolean {
  return (
    facts.script !== undefined &&
    Object.keys(facts).every((name) => name === 'script' || name === 'scriptPid')
  )
}

/** A message with what is known of it: `The script sent a header …: … (line 2 of its output)`. */
export function describe(facts: Facts, message: string): string {
  const { err } = facts
  const { reason = '', line, hint }: Facts = Object.assign({}, facts, err)
  const sentences = [message, err?.message ?? '', reason]
  const text = [...new Set(sentences)].filter((sentence) => sentence !== '').join(': ')
  const place = line === undefined ? '' : ` (line ${line} of its output)`
  return text + place + (hint === undefined ? '' : `. ${hint}`)
}
