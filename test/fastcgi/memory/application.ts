import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Test } from 'tap'
import { endRecord, record, RecordReader, TYPE } from '../records.js'

/** An application that keeps nothing of its requests. */
export interface Application {
  /** How many requests it has had that are not answered. */
  readonly hanging: () => number
}

/** Answers each request whose REQUEST_URI ends with `/good`, and no other. */
export async function startApplication(t: Test, path: string): Promise<Application> {
  let hanging = 0
  const server = createServer((socket) => {
    const reader = new RecordReader()
    let isGood = false
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const { type, content } of reader.push(chunk)) {
        if (type === TYPE.PARAMS && content.length > 0) isGood = content.includes('/good')
        if (type !== TYPE.STDIN || content.length > 0) continue
        if (!isGood) hanging += 1
        else
          socket.write(Buffer.concat([record(TYPE.STDOUT, 'Status: 200\n\ngood'), endRecord(0, 0)]))
      }
    })
  })
  server.listen(path)
  await once(server, 'listening')
  t.after(() => void server.close())
  return { hanging: () => hanging }
}
