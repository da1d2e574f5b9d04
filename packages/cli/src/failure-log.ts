import { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import path from 'node:path'
import { toPrintable } from './printable.js'

/** What a message may be about; the gateway and Fastify fill in what they know. */
interface Facts {
  /** What an error knows is in fields of its own. */
  readonly err?: Error & Facts
  /** Absolute path. */
  readonly script?: string
  readonly pid?: number
  readonly reason?: string
  readonly line?: number
  readonly exitCode?: number | null
  readonly signal?: string | null
  readonly droppedBytes?: number
  /** Method and URL, for what happened before there was a script. */
  readonly request?: string
}

/**
 * A logger for Fastify that writes warnings and errors, among them each line of a script's standard
 * error, as lines for people: `cgi-bin/form.py[4242]: what there is to say`.
 *
 * @param folder - the folder that is served; scripts are named from there.
 */
export function createFailureLog(folder: string): FastifyBaseLogger {
  const write = (facts: unknown, message = ''): void => {
    // Fastify and the gateway pass an object, or a message alone.
    const line = typeof facts === 'string' ? facts : describe(facts as Facts, message, folder)
    process.stderr.write(`${toPrintable(line)}\n`)
  }
  const ignore = (): void => {}
  const log: FastifyBaseLogger = {
    level: 'warn',
    fatal: write,
    error: write,
    warn: write,
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

function describe(facts: Facts, message: string, folder: string): string {
  const { err } = facts
  const all: Facts = Object.assign({}, facts, err)
  const sentences = [message, err?.message ?? '', all.reason ?? '']
  const text = [...new Set(sentences)].filter((sentence) => sentence !== '').join(': ')
  const details = detailsOf(all)
  return `${subjectOf(all, folder)}: ${text}${details.length > 0 ? ` (${details.join(', ')})` : ''}`
}

function subjectOf({ script, pid, request }: Facts, folder: string): string {
  if (script === undefined) return request ?? 'common-gateway'
  return path.relative(folder, script) + (pid === undefined ? '' : `[${pid}]`)
}

function detailsOf({ line, exitCode, signal, droppedBytes }: Facts): string[] {
  const details: string[] = []
  if (line !== undefined) details.push(`line ${line} of its output`)
  if (typeof exitCode === 'number') details.push(`exit code ${exitCode}`)
  if (typeof signal === 'string') details.push(signal)
  if (droppedBytes !== undefined) details.push(`${droppedBytes} bytes`)
  return details
}
