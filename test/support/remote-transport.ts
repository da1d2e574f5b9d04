import {
  CgiError,
  CountedSlots,
  type ScriptCall,
  type ScriptExit,
  type ScriptFinder,
  type ScriptStreams,
  toOutput,
  type Transport,
} from '@common-gateway/core/transport'
import { isUtf8 } from 'node:buffer'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough, Writable } from 'node:stream'
import { frame, readFrames } from './frames.js'

/** Splits a path behind the segment that ends in `.app`, as a web server does for an application elsewhere. */
const finder: ScriptFinder = {
  find({ mountName, segments }) {
    const length = segments.findIndex((segment) => segment.endsWith('.app')) + 1
    if (length === 0) return null
    const toPath = (names: readonly string[]): string => names.map((name) => `/${name}`).join('')
    const bytes = Buffer.from(toPath(segments.slice(0, length)), 'latin1')
    if (!isUtf8(bytes)) return null
    const name = bytes.toString()
    const pathInfo = toPath(segments.slice(length))
    return { file: `/there${name}`, scriptName: mountName + name, pathInfo }
  },
}

/** Sends each request to the application on a Unix socket, by a connection of its own. */
export class RemoteTransport implements Transport {
  readonly inheritsEnvironment = false
  readonly finder = finder
  readonly slots: CountedSlots
  readonly #address: string

  constructor(address: string, slots: number) {
    this.#address = address
    this.slots = new CountedSlots(slots)
  }

  async open({ environment }: ScriptCall): Promise<ScriptStreams> {
    const socket = connect(this.#address)
    try {
      await once(socket, 'connect')
    } catch (cause) {
      const reason = `${this.#address} does not answer`
      throw new CgiError('CGI_ERR_NO_RESOURCES', { reason, cause })
    }
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    let exit: ScriptExit = { exitCode: null, signal: null }
    readFrames(socket, (type, payload) => {
      if (type === 'x') exit = { exitCode: Number(payload), signal: null }
      else if (!(type === 'o' ? stdout : stderr).write(payload)) socket.pause()
    })
    for (const stream of [stdout, stderr]) stream.on('drain', () => socket.resume())
    const lost = new Error('the connection is lost')
    socket
      .on('error', () => {})
      .on('close', () => {
        if (exit.exitCode === null) stdout.destroy(lost)
        else stdout.end()
        stderr.end()
      })
    socket.write(frame('e', JSON.stringify({ ...environment, DOCUMENT_ROOT: '/there' })))
    const stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => void socket.write(frame('i', chunk), done),
      final: (done) => void socket.write(frame('i', ''), done),
    })
    const closed = once(socket, 'close')
    return {
      stdin,
      stdout: toOutput(stdout),
      stderr: toOutput(stderr),
      exit: closed.then(() => exit),
      async terminate() {
        socket.destroy()
        await closed
      },
    }
  }

  async close(): Promise<void> {}
}
