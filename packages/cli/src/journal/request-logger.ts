import { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import type { OpenRequest } from './open-request.js'

/** The fields of a log message. The gateway and Fastify set those they know. */
interface Facts {
  /** An error carries the same fields. */
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

/** The logger of one request. It writes the messages of Fastify and the gateway to the record. */
export function createRequestLogger(record: OpenRequest): FastifyBaseLogger {
  return createLogger((facts, message) => {
    if (isLineOfScript(facts)) record.writeLine(message)
    else if (facts.droppedBytes !== undefined) record.drop(facts.droppedBytes)
    // The record already has the exit code of the script.
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

/** Makes Fastify log only responses that are cut off because a script failed. */
export class FailuresOnly extends LogController {
  constructor() {
    super({ disableRequestLogging: true })
  }

  override streamError(error: Error, request: FastifyRequest): void {
    const code = 'code' in error ? error.code : undefined
    const isDisconnect = code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'CGI_ERR_CLIENT_GONE'
    if (!isDisconnect) request.log.error({ err: error }, 'the response was cut off')
  }
}

/** Whether a message is a line of a script's standard error: the gateway's own messages have more fields. */
function isLineOfScript(facts: Facts): boolean {
  return (
    facts.script !== undefined &&
    Object.keys(facts).every((name) => name === 'script' || name === 'scriptPid')
  )
}

/** A message with its fields: `The script sent a header …: … (line 2 of its output)`. */
export function describe(facts: Facts, message: string): string {
  const { err } = facts
  const { reason = '', line, hint }: Facts = Object.assign({}, facts, err)
  const sentences = [message, err?.message ?? '', reason]
  const text = [...new Set(sentences)].filter((sentence) => sentence !== '').join(': ')
  const place = line === undefined ? '' : ` (line ${line} of its output)`
  return text + place + (hint === undefined ? '' : `. ${hint}`)
}
