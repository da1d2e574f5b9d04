import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** An address whose listener accepts nothing until it is released. */
export interface SilentListener {
  /** As the option `address` has it. */
  readonly address: string
  /** Lets it accept, and answer each request by `accepted`; connections that wait are served then. */
  release(): void
  close(): Promise<void>
}

/** Cell 0: whether the thread may go on. */
type Cells = Int32Array<SharedArrayBuffer>

interface Start {
  readonly path: string | undefined
  readonly cells: Cells
}

const BACKLOG = 1

/**
 * Listens on a Unix socket, or on a port of 127.0.0.1, in a thread that sleeps, so that the kernel's queue of
 * connections fills. What is needed to fill it is in it already.
 */
export async function startSilentListener(path?: string): Promise<SilentListener> {
  const cells: Cells = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { path, cells } satisfies Start,
  })
  // The thread posts its port, or 0.
  const [port] = (await once(worker, 'message')) as [number]
  const target: NetConnectOpts = path === undefined ? { port, host: '127.0.0.1' } : { path }
  const fillers = await fill(target)
  const release = (): void => {
    for (const filler of fillers) filler.destroy()
    Atomics.store(cells, 0, 1)
    Atomics.notify(cells, 0)
  }
  return {
    address: path ?? `127.0.0.1:${port}`,
    release,
    async close() {
      release()
      await worker.terminate()
    },
  }
}

/** Connects as often as the queue takes it: the kernel's own bound is one above the backlog. */
async function fill(target: NetConnectOpts): Promise<Socket[]> {
  const sockets: Socket[] = []
  for (let count = 0; count <= BACKLOG; count += 1) {
    const socket = connect(target).on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
  }
  return sockets
}

/** What the thread does: the answer is that of a plain application, whose only request is the connection's first. */
function sleepAndServe({ path, cells }: Start): void {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket
      .on('error', () => {})
      .once('data', (chunk: Buffer) => {
        const id = chunk.readUInt16BE(2)
        socket.end(Buffer.concat([stdout(id, 'Content-Type: text/plain\n\naccepted'), end(id)]))
        socket.resume()
      })
  })
  server.listen({
    ...(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }),
    backlog: BACKLOG,
  })
  server.once('listening', () => {
    const address = server.address()
    parentPort?.postMessage(typeof address === 'string' ? 0 : (address as AddressInfo).port)
    Atomics.wait(cells, 0, 0)
  })
}

function stdout(id: number, text: string): Buffer {
  return Buffer.from([1, 6, id >> 8, id & 255, 0, text.length, 0, 0, ...Buffer.from(text)])
}

function end(id: number): Buffer {
  return Buffer.from([1, 3, id >> 8, id & 255, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

// The thread is started with what startSilentListener() gave it.
if (!isMainThread) sleepAndServe(workerData as Start)
