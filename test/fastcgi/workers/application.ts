/**
 * A FastCGI application for tests, on the socket that is its standard input. QUERY_STRING says what it does; it answers
 * with its pid.
 */
import { spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { endRecord, readPairs, record, RecordReader, TYPE } from '../records.js'

function answer(socket: Socket, text: string): void {
  socket.write(
    Buffer.concat([
      record(TYPE.STDOUT, `Content-Type: text/plain\r\n\r\n${text}`),
      endRecord(0, 0),
    ]),
  )
}

const ACTIONS: Readonly<Record<string, (socket: Socket) => void>> = {
  /** Never answers, and does not end by SIGTERM; it and its child write their pids to standard error. */
  hang() {
    process.on('SIGTERM', () => {})
    const { pid } = spawn('/bin/sh', ['-c', `trap '' TERM; while :; do sleep 60; done`])
    console.error(`hanging ${process.pid} ${pid}`)
  },
  crash: () => process.kill(process.pid, 'SIGKILL'),
  exit() {
    console.error('as I was asked to')
    process.exit(3)
  },
  /** Ends before the end of its answer. */
  half(socket) {
    const head = record(TYPE.STDOUT, 'Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf')
    socket.write(head, () => process.kill(process.pid, 'SIGKILL'))
  },
  say(socket) {
    console.error('one\ntwo')
    answer(socket, String(process.pid))
  },
}

createServer((socket) => {
  const reader = new RecordReader()
  let query = ''
  socket.on('data', (chunk) => {
    for (const { type, content } of reader.push(chunk)) {
      if (type === TYPE.PARAMS) {
        for (const [name, value] of readPairs(content)) if (name === 'QUERY_STRING') query = value
      }
      // It does not read the body.
      if (query === 'leave') process.exit(3)
      if (type !== TYPE.STDIN || content.length > 0) continue
      const act = ACTIONS[query]
      if (act === undefined) answer(socket, String(process.pid))
      else act(socket)
      query = ''
    }
  })
  socket.on('error', () => {})
}).listen({ fd: 0 })
