import { Readable } from 'node:stream'
import type { Output } from '@internal/core/transport/output.js'

/** An output as a stream, for tests to read with what Node has for streams. */
export function toReadable(output: Output): Readable {
  const stream = new Readable({
    read: () => output.resume(),
    destroy(error, callback) {
      output.destroy()
      callback(error)
    },
  })
  output.readBy({
    data(chunk) {
      if (!stream.push(chunk)) output.pause()
    },
    end: () => void stream.push(null),
    error: (error) => void stream.destroy(error),
  })
  return stream
}

/** The same with both of its outputs as streams. */
export function withStreams<T extends { readonly stdout: Output; readonly stderr: Output }>(
  each: T,
): Omit<T, 'stdout' | 'stderr'> & { readonly stdout: Readable; readonly stderr: Readable } {
  return { ...each, stdout: toReadable(each.stdout), stderr: toReadable(each.stderr) }
}
