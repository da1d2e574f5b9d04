import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { RequestBody } from '../transport/transport.js'

/** Whether the content is a file, which a process can inherit as its standard input. */
export function isFile(content: RequestBody['content']): content is FileHandle {
  return content !== null && 'fd' in content
}

/** Whether the content was received to its end, or is closed. */
export function isReceived(content: RequestBody['content']): boolean {
  return !isStream(content) || content.readableEnded || content.destroyed
}

/** Whether the content is a stream that the client may still be sending. */
export function isStream(content: RequestBody['content']): content is Readable {
  return content !== null && 'readableEnded' in content
}
