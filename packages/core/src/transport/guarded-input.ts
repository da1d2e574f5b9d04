import { Writable } from 'node:stream'
import { toError } from '../data/thrown.js'
import { attempt } from './attempt.js'

/**
 * Wraps a standard input of the application in a stream that contains its faults: a method that throws or rejects
 * is an error of the stream, like EPIPE.
 *
 * @throws {TypeError} for a value that is not a stream.
 */
export function guardInput(stdin: Writable): Writable {
  if (!(stdin instanceof Writable)) throw new TypeError('stdin is neither a Writable nor null')
  const guarded = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      attempt(() => stdin.write(chunk, (error) => done(error)), failing(done))
    },
    final: (done) => attempt(() => stdin.end(done), failing(done)),
    destroy: (error, done) => {
      attempt(
        () => stdin.destroy(),
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

function failing(done: (error: Error) => void): (thrown: unknown) => void {
  return (thrown) => done(toError(thrown))
}
