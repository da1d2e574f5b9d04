import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { mkdtemp, open, rm, chmod } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Case, Exchange, Place, Step } from './case.js'
import { readResponses } from './response.js'

/** How long a server may take for one case; one that hangs has failed. */
const PATIENCE = 8_000

const run = promisify(execFile)

/** Sends the request of a case and receives until the server closes the connection. */
export async function exchange(
  { request }: Pick<Case, 'request'>,
  { port, root }: Pick<Place, 'port' | 'root'>,
): Promise<Exchange> {
  if (typeof request !== 'function') {
    const steps = typeof request === 'string' ? [{ send: request }] : request
    return converse(steps, { port, root, gate: '' }, () => {})
  }
  const folder = await mkdtemp(path.join(root, '../gate-'))
  try {
    const gate = path.join(folder, 'gate')
    // A server may run its scripts as another user.
    await chmod(folder, 0o755)
    await run('mkfifo', ['-m', '666', gate])
    // Open for both, so that neither side waits for the other, and closed even if the case fails.
    const pipe = await open(gate, constants.O_RDWR | constants.O_NONBLOCK)
    try {
      const place = { port, root, gate }
      return await converse(request(place), place, () => void pipe.write('\n'))
    } finally {
      await pipe.close()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function converse(
  steps: readonly Step[],
  place: Place,
  openGate: () => void,
): Promise<Exchange> {
  const socket = connect({ port: place.port, host: '127.0.0.1', allowHalfOpen: true })
  const line = new Line(socket)
  const timer = setTimeout(() => line.giveUp(), PATIENCE)
  try {
    await once(socket, 'connect')
    for (const step of steps) {
      if ('send' in step) socket.write(Buffer.from(step.send, 'latin1'))
      else if ('end' in step) socket.end()
      else if ('open' in step) openGate()
      else await line.until(step.until)
    }
    await line.until(null)
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
  const { received, end } = line
  const sent = steps.map((step) => ('send' in step ? step.send : '')).join('')
  return {
    place,
    received,
    end: end ?? 'open',
    responses: () => readResponses(received, methodsOf(sent)),
  }
}

/** The methods of the requests that were sent; what looks like one within a body does no harm. */
function methodsOf(sent: string): string[] {
  return [...sent.matchAll(/(?:^|\n)([A-Za-z-]+) \S+ HTTP\/1\.\d\r\n/g)].map(
    ([, method = '']) => method,
  )
}

/** One connection, as far as it has been read. */
class Line {
  received = ''
  end: Exchange['end'] | undefined
  #look = (): void => {}

  constructor(socket: Socket) {
    const finish = (end: Exchange['end']): void => {
      this.end ??= end
      this.#look()
    }
    socket
      .on('data', (chunk: Buffer) => {
        this.received += chunk.toString('latin1')
        this.#look()
      })
      .on('end', () => finish('closed'))
      .on('error', () => finish('reset'))
      .on('close', () => finish('closed'))
  }

  giveUp(): void {
    this.end ??= 'open'
    this.#look()
  }

  /** Resolves when what has come matches, or nothing more is to come; null: only then. */
  until(pattern: RegExp | null): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.end === undefined && pattern?.test(this.received) !== true) return
        this.#look = () => {}
        resolve()
      }
      this.#look()
    })
  }
}
