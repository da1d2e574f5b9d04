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
  /** `stderr` in a line of a script's standard error. */
  readonly stream?: string
}

/** The logger of one request. It writes the messages of Fastify and the gateway to the record. */
export function createRequestLogger(record: OpenRequest): FastifyBaseLogger {
  return createLogger((facts, message) => {
    // The record has the lines, the dropped bytes and the exit code from the channels of the gateway.
    if (facts.stream === 'stderr' || facts.droppedBytes !== undefined) return
    if (facts.err === undefined && facts.reason === undefined && facts.exitCode !== undefined)
      return
    record.fail(describe(facts, message), facts.err?.script ?? facts.script)
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

/** A message with its fields: `The script sent a header …: … (line 2 of its output)`. */
export function describe(facts: Facts, message: string): string {
  const { err } = facts
  const { reason = '', line, hint }: Facts = Object.assign({}, facts, err)
  const sentences = [message, err?.message ?? '', reason]
  const text = [...new Set(sentences)].filter((sentence) => sentence !== '').join(': ')
  const place = line === undefined ? '' : ` (line ${line} of its output)`
  return text + place + (hint === undefined ? '' : `. ${hint}`)
}
