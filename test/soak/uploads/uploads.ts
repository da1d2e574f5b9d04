import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { startForkedProcess } from '../../support/forked-process.js'
import type { Memory } from './host.js'
import { startSlowApplication } from './slow-application.js'

/** What became of the uploads. */
export interface UploadTally {
  readonly uploads: number
  /** Those that were not answered with their number of bytes. */
  readonly lost: number
  /** How much more memory the gateway had, at the most, than before the first of them; in bytes. */
  readonly growth: number
}

const SIZE = 20 * 1024 ** 2
const CLIENTS = 16

/** Sends bodies of 20 MB, every other one without a length, to an application that reads them slowly. */
export async function upload(uploads: number): Promise<UploadTally> {
  const application = await startSlowApplication()
  const host = await startForkedProcess<{ port: number }, 'memory', Memory>(
    fileURLToPath(new URL('host.js', import.meta.url)),
    [application.address],
  )
  try {
    const { port } = host.ready
    await send(port, Buffer.alloc(0), true)
    const start = (await host.ask('memory')).now
    const body = Buffer.alloc(SIZE, 'x')
    let sent = 0
    let lost = 0
    const client = async (): Promise<void> => {
      while (sent < uploads) {
        sent += 1
        const isGood = await send(port, body, sent % 2 === 0).catch(() => false)
        if (!isGood) lost += 1
      }
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    return { uploads, lost, growth: (await host.ask('memory')).most - start }
  } finally {
    await host.stop()
    application.close()
  }
}

/** Whether the answer is the number of bytes. */
async function send(port: number, body: Buffer, hasLength: boolean): Promise<boolean> {
  const headers = hasLength ? { 'Content-Length': body.length } : { 'Transfer-Encoding': 'chunked' }
  const call = request({
    port,
    host: '127.0.0.1',
    path: '/cgi-bin/',
    method: 'POST',
    headers,
    agent: false,
  })
  const responded = once(call, 'response')
  for (let offset = 0; offset < body.length; offset += 65_536) {
    if (!call.write(body.subarray(offset, offset + 65_536))) {
      await Promise.race([once(call, 'drain'), responded])
    }
  }
  call.end()
  const [response] = (await responded) as [AsyncIterable<Buffer> & { statusCode: number }]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return response.statusCode === 200 && Buffer.concat(chunks).toString() === String(body.length)
}
