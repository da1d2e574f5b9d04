import {
  type CgiLogger,
  createStandardErrorLines,
  type Output,
  type SupervisedProcess,
} from '@common-gateway/core/transport'

/** The worker whose output it is. */
interface Writer {
  readonly name: string
  readonly logger: CgiLogger
}

/**
 * Logs what a worker writes to its own outputs, by line: answers do not come from there. Standard output, which
 * FastCGI does not use, is logged as well: a program that is no FastCGI application writes its reasons there.
 */
export class WorkerOutput {
  /** The last line; empty where there is none. */
  lastLine = ''
  /** Resolves when both outputs have ended. */
  readonly end: Promise<void>

  constructor({ pid, stdout, stderr }: SupervisedProcess, { name, logger }: Writer) {
    const facts = { upstream: name, scriptPid: pid }
    const read = (output: Output): Promise<void> => {
      const lines = createStandardErrorLines({
        line: (line) => {
          this.lastLine = line
          logger.warn({ ...facts, stream: 'stderr' }, line)
        },
        drop: (droppedBytes) => {
          const message = 'the worker wrote too fast to standard error: some lines were dropped'
          logger.warn({ ...facts, droppedBytes }, message)
        },
      })
      return readToEnd(output, lines)
    }
    this.end = Promise.all([read(stdout), read(stderr)]).then(() => {})
  }
}

function readToEnd(
  output: Output,
  lines: { write(chunk: Buffer): void; end(): void },
): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      lines.end()
      resolve()
    }
    output.readBy({ data: (chunk) => lines.write(chunk), end: finish, error: finish })
    output.resume()
  })
}
