import type { Socket } from 'node:net'

/** A frame: the letter of its type, the length of its payload, the payload. */
export function frame(type: string, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Calls back for each frame that has arrived whole. */
export function readFrames(socket: Socket, read: (type: string, payload: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 5) {
      const end = 5 + received.readUInt32BE(1)
      if (received.length < end) return
      read(received.toString('latin1', 0, 1), received.subarray(5, end))
      received = received.subarray(end)
    }
  })
}
