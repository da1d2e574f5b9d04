import { Writable } from 'node:stream'
import { toError } from '../data/thrown.js'

/**
 * Wraps a standard input of the application in a stream that contains its faults: a method that throws is an
 * error of the stream, like EPIPE.
 *
 * @throws {TypeError} for a value that is not a stream.
 */
export function guardInput(stdin: Writable): Writable {
  if (!(stdin instanceof Writable)) throw new TypeError('stdin is neither a Writable nor null')
  const attempt = (act: () => void, done: (error: Error) => void): void => {
    try {
      act()
    } catch (error) {
      done(toError(error))
    }
  }
  const guarded = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      attempt(() => void stdin.write(chunk, (error) => done(error)), done)
    },
    final: (done) => attempt(() => void stdin.end(done), done),
    destroy: (error, done) => {
      attempt(
        () => void stdin.destroy(),
        () => {},
      )
      done(error)
    },
  })
  // It may fail before the gateway listens for 'error'.
  guarded.on('error', () => {})
  stdin.on('error', (error) => guarded.destroy(error)).on('close', () => guarded.destroy())
  return guarded
}
