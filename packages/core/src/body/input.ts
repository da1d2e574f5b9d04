import type { FileHandle } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import { ownChunk, ownChunks } from '../data/chunk-memory.js'
import type { RequestBody } from '../transport/transport.js'
import { failureOf, tooLarge } from './body-failure.js'
import { isFile, isReceived, isStream } from './content.js'

const DONE = Promise.resolve()

/** The memory of a body is freed early from this size on, in bytes. */
const LARGE_BODY = 128 * 1024
/** Those of a body on its way to a script: the one of {@link observe}, and the pipe. */
const DATA_LISTENERS = 2

/** Callbacks for a body that is sent to a script. */
export interface BodyObserver {
  /** Called for each chunk from the client; `isForScript` is false for one that is discarded. */
  receive(bytes: number, isForScript: boolean): void
  /** Called when the body fails. */
  fail(error: CgiError): void
}

/**
 * Writes the content to the standard input of a script, as fast as the script reads it. When the script closes
 * its input (EPIPE), exits, or has none, the rest is received and discarded: many clients read no response
 * before they have sent the whole request.
 *
 * @returns resolves when the standard input is finished or closed; never rejects.
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
    const isLarge = received >= LARGE_BODY
    if (isLarge && received - chunk.length < LARGE_BODY) ownChunks(content, DATA_LISTENERS)
    observer.receive(chunk.length, !discarded.has(content))
    if (bodyLimit > 0 && received > bodyLimit) observer.fail(tooLarge(bodyLimit))
  })
  // An error does not end the input: the script would take half a body for the whole.
  content.on('error', () => {})
  const fail = (): void => {
    if (!content.readableEnded) observer.fail(failureOf(content))
  }
  // A stream that a hook has put in the place of the body may have failed while the script was started.
  if (content.destroyed) process.nextTick(fail)
  else content.once('close', fail)
}

function discard(content: Readable): void {
  if (!isReceived(content)) discarded.add(content)
  content.resume()
}

/** For a transport that cannot pass a file descriptor. The gateway closes the file. */
function sendFile(file: FileHandle, stdin: Writable, observer: BodyObserver): void {
  const content = file.createReadStream({ start: 0, autoClose: false })
  content.on('error', (cause) => {
    // The file is closed when the script has ended, perhaps during a read.
    if (stdin.destroyed) return
    observer.fail(new CgiError('CGI_ERR_SPOOL', { reason: String(cause), cause }))
  })
  stdin.once('close', () => content.unpipe(stdin).destroy())
  // A stream without an encoding passes Buffers.
  content.on('data', (chunk) => ownChunk(chunk as Buffer)).pipe(stdin)
}

/** Bodies that are discarded, since the script has closed its input. */
const discarded = new WeakSet<Readable>()

/** Whether the script waits for the client, rather than the client for the script. */
export function isStalled(content: RequestBody['content']): boolean {
  if (!isStream(content) || isReceived(content) || discarded.has(content)) return false
  return !content.isPaused()
}
