import { createServer, type Socket } from 'node:net'
import { frame, readFrames } from './frames.js'

/**
 * An application in a process of its own, on the Unix socket that its argument names: one connection for each
 * request. The query of the request says what it does.
 */
const [, , address] = process.argv
let connections = 0

createServer((socket) => {
  connections += 1
  const body: Buffer[] = []
  let variables: Record<string, string> = {}
  socket.on('error', () => {}).on('close', () => (connections -= 1))
  readFrames(socket, (type, payload) => {
    if (type === 'e') variables = JSON.parse(payload.toString()) as Record<string, string>
    else if (payload.length > 0) body.push(payload)
    else answer(socket, variables, Buffer.concat(body))
  })
}).listen(address, () => process.stdout.write('listening\n'))

function answer(socket: Socket, variables: Record<string, string>, body: Buffer): void {
  const header = 'Content-Type: application/json\n\n'
  switch (variables['QUERY_STRING']) {
    case 'hang':
      return
    case 'break-before-header':
      socket.end(frame('o', 'Content-'))
      return
    case 'break-after-header':
      socket.end(frame('o', `Content-Length: 10\n${header}half`))
      return
    case 'large':
      socket.write(frame('o', header))
      for (let block = 0; block < 20; block += 1) socket.write(frame('o', 'x'.repeat(65_536)))
      break
    default:
      socket.write(frame('r', `an error of ${variables['SCRIPT_NAME']}\n`))
      socket.write(
        frame(
          'o',
          header + JSON.stringify({ variables, body: body.toString('latin1'), connections }),
        ),
      )
  }
  socket.end(frame('x', '0'))
}
