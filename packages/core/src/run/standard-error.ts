import { channel } from 'node:diagnostics_channel'
import { ByteTail } from '../data/byte-tail.js'
import { toReadableText } from '../data/byte-string.js'
import type { CgiError } from '../data/cgi-error.js'
import { STANDARD_ERROR_AFTER_FAILURE } from '../data/grace-periods.js'
import { type CgiLogger, loggerOf } from '../data/logger.js'
import type { CgiRun } from '../data/message.js'
import { withTimeout } from '../data/with-timeout.js'
import type { Settings } from '../options/settings.js'
import type { ScriptStreams } from '../transport/transport.js'
import type { RunRecord } from './record.js'
import { createStandardErrorLines, type StandardErrorLines } from './standard-error-lines.js'
import { readStandardError } from './standard-error-reader.js'

/**
 * A line of a script's standard error: the message of the channel `common-gateway:run:stderr` of
 * `node:diagnostics_channel`, published for each line that is logged.
 */
export interface CgiStandardErrorLine {
  /** The run of the script; the same object as on the other channels. */
  readonly run: CgiRun
  /** The line without its end. A line longer than 8 KiB comes in pieces. */
  readonly line: string
}

/** The size of the tail in bytes. */
const TAIL_SIZE = 4 * 1024
const LF = 0x0a

const lineChannel = channel('common-gateway:run:stderr')

/** The standard error of one run: logs and publishes its lines, and keeps its end for the error page. */
export class StandardError {
  readonly #record: RunRecord
  readonly #settings: Pick<Settings<never>, 'logger' | 'lingerTimeout'>
  readonly #tail: ByteTail | undefined
  /** Most scripts write nothing. */
  #lines: StandardErrorLines | undefined

  constructor(
    record: RunRecord,
    settings: Pick<Settings<never>, 'logger' | 'lingerTimeout' | 'errorPage'>,
  ) {
    this.#record = record
    this.#settings = settings
    this.#tail = settings.errorPage ? new ByteTail(TAIL_SIZE) : undefined
  }

  /** Reads to the end. Resolves when the last line is logged; never rejects. */
  async read({ stderr, exit }: Pick<ScriptStreams, 'stderr' | 'exit'>): Promise<void> {
    if (stderr === null) return
    const { lingerTimeout } = this.#settings
    await readStandardError(stderr, { exit, lingerTimeout, write: (chunk) => this.#write(chunk) })
    this.#lines?.end()
  }

  /**
   * Adds the tail to the failure of its script, where it is kept. A background child may hold standard error
   * open, so the wait for its end is limited.
   */
  async addTo(error: CgiError): Promise<void> {
    const tail = this.#tail
    if (tail === undefined || error.code === 'CGI_ERR_CLIENT_GONE') return
    await withTimeout(this.#record.standardErrorEnd, STANDARD_ERROR_AFTER_FAILURE)
    error.add({ standardError: toText(tail) })
  }

  #write(chunk: Buffer): void {
    this.#lines ??= this.#createLines()
    this.#lines.write(chunk)
    this.#tail?.write(chunk)
  }

  #createLines(): StandardErrorLines {
    const run = this.#record
    const logger: CgiLogger = loggerOf(run.request, this.#settings)
    const facts = run.logFacts
    const lineFacts = { ...facts, stream: 'stderr' }
    return createStandardErrorLines({
      line(line) {
        logger.warn(lineFacts, line)
        if (lineChannel.hasSubscribers) lineChannel.publish({ run: run.message, line })
      },
      drop(droppedBytes) {
        run.droppedBytes += droppedBytes
        const message = 'the script wrote too fast to standard error: some lines were dropped'
        logger.warn({ ...facts, droppedBytes }, message)
      },
    })
  }
}

/** Whole lines, if there are any. Each line is decoded on its own: scripts mix encodings. */
function toText({ bytes, isCut }: ByteTail): string {
  // A line longer than the tail has no beginning here.
  const start = isCut ? bytes.indexOf(LF) + 1 : 0
  return bytes.toString('latin1', start).split('\n').map(toReadableText).join('\n')
}
