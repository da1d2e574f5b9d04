import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { endRecord, record, RecordReader, TYPE } from '../../fastcgi/records.js'

/** An application by FastCGI that reads bodies slowly, and answers with the number of bytes. */
export interface SlowApplication {
  readonly address: string
  close(): void
}

/** It reads so much at a time, at most, in bytes; then it rests, in milliseconds. */
const REST = 4

export async function startSlowApplication(): Promise<SlowApplication> {
  const server = createServer((socket) => {
    const reader = new RecordReader()
    let length = 0
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const { type, content } of reader.push(chunk)) {
        if (type !== TYPE.STDIN) continue
        length += content.length
        if (content.length > 0) continue
        const answer = record(TYPE.STDOUT, `Content-Type: text/plain\n\n${length}`)
        socket.end(Buffer.concat([answer, endRecord(0, 0)]))
        return
      }
      socket.pause()
      setTimeout(() => socket.resume(), REST)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, close: () => void server.close() }
}
