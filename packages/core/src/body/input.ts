import type { FileHandle } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import type { RequestBody } from '../transport/transport.js'
import { failureOf, tooLarge } from './body-failure.js'
import { isFile, isReceived, isStream } from './content.js'

const DONE = Promise.resolve()

/** Follows a body on its way to a script. */
export interface BodyObserver {
  /** So many more bytes of it have come from the client, for the script or to be discarded. */
  receive(bytes: number, isForScript: boolean): void
  /** It cannot go on. */
  fail(error: CgiError): void
}

/**
 * Writes the content to the standard input of a script, no faster than the script takes it. A script
 * that closes its input (EPIPE), ends, or has none, leaves the rest: it is received and discarded, since
 * many clients do not read before they have sent all.
 *
 * @returns resolves when the script takes no more of it; never rejects.
 */
export function sendToScript(
  content: RequestBody['content'],
  stdin: Writable | null,
  bodyLimit: number,
  observer: BodyObserver,
): Promise<void> {
  if (isStream(content)) observe(content, bodyLimit, observer)
  if (stdin === null) {
    if (isStream(content)) discard(content)
    return DONE
  }
  // A script may close its input: EPIPE, ECONNRESET.
  stdin.on('error', () => {})
  const inputEnd = new Promise<void>((resolve) => {
    stdin.once('finish', resolve).once('close', resolve)
  })
  if (isStream(content)) {
    stdin.once('close', () => {
      content.unpipe(stdin)
      discard(content)
    })
    content.pipe(stdin)
  } else if (isFile(content)) sendFile(content, stdin, observer)
  else if (content === null) stdin.end()
  else stdin.end(content)
  return inputEnd
}

function observe(content: Readable, bodyLimit: number, observer: BodyObserver): void {
  let received = 0
  content.on('data', (chunk: Buffer) => {
    received += chunk.length
    observer.receive(chunk.length, !unwanted.has(content))
    if (bodyLimit > 0 && received > bodyLimit) observer.fail(tooLarge(bodyLimit))
  })
  // Not the end of the input: a script must not take half a body for the whole.
  content.on('error', () => {})
  const fail = (): void => {
    if (!content.readableEnded) observer.fail(failureOf(content))
  }
  // What a hook has put in the place of the body may have failed while the script was started.
  if (content.destroyed) process.nextTick(fail)
  else content.once('close', fail)
}

function discard(content: Readable): void {
  if (!isReceived(content)) unwanted.add(content)
  content.resume()
}

/** For a transport that has no use for a file descriptor. The file stays open: it is the gateway's. */
function sendFile(file: FileHandle, stdin: Writable, observer: BodyObserver): void {
  const content = file.createReadStream({ start: 0, autoClose: false })
  content.on('error', (cause) => {
    // The file is closed with the script, perhaps in the middle of a read.
    if (stdin.destroyed) return
    observer.fail(new CgiError('CGI_ERR_SPOOL', { reason: String(cause), cause }))
  })
  stdin.once('close', () => content.unpipe(stdin).destroy())
  content.pipe(stdin)
}

/** Bodies that are discarded, since the script has closed its input: no script waits for them. */
const unwanted = new WeakSet<Readable>()

/** Whether the client keeps the script waiting, rather than the script the client. */
export function isStalled(content: RequestBody['content']): boolean {
  if (!isStream(content) || isReceived(content) || unwanted.has(content)) return false
  return !content.isPaused()
}
