import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import { ORDINARY, type StartApplication } from './application.js'

/**
 * The least that runs CGI programs in Node: no checks, no limits, no errors. It reads the header, sets the
 * status and streams both ways, so nothing that has to be done is left out of the comparison.
 */
export const startChildProcess: StartApplication = async ({ root }) => {
  const server = createServer((request, response) => {
    const [urlPath = '', query = ''] = (request.url ?? '').split('?')
    if (urlPath === '/ordinary') response.setHeader('Content-Type', 'text/plain').end(ORDINARY)
    else runScript(path.join(root, path.basename(urlPath)), query, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** What runs; it must not outlive the server. */
const children = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of children) child.kill()
})

function runScript(
  script: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const hasBody = request.headers['content-length'] !== undefined
  const child = spawn(script, {
    cwd: path.dirname(script),
    env: variables(script, query, request),
    stdio: [hasBody ? 'pipe' : 'ignore', 'pipe', 'inherit'],
  })
  children.add(child)
  child.once('close', () => children.delete(child))
  if (child.stdin !== null) {
    // The script may leave its input unread.
    child.stdin.on('error', () => {})
    request.pipe(child.stdin)
  }
  response.once('close', () => {
    if (!response.writableFinished) child.kill()
  })
  // It is a pipe, as asked for.
  const output = child.stdout as NonNullable<typeof child.stdout>
  let header = Buffer.alloc(0)
  output.on('data', function readHeader(chunk: Buffer) {
    header = Buffer.concat([header, chunk])
    const end = header.indexOf('\n\n')
    if (end < 0) return
    output.off('data', readHeader)
    sendHeader(header.toString('latin1', 0, end), response)
    if (end + 2 < header.length) response.write(header.subarray(end + 2))
    output.pipe(response)
  })
}

function variables(script: string, query: string, request: IncomingMessage): NodeJS.ProcessEnv {
  const { method, url, headers, httpVersion, socket } = request
  const all: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: `HTTP/${httpVersion}`,
    SERVER_NAME: headers.host,
    SERVER_PORT: String(socket.localPort),
    REMOTE_ADDR: socket.remoteAddress,
    REQUEST_METHOD: method,
    REQUEST_URI: url,
    QUERY_STRING: query,
    SCRIPT_NAME: `/cgi-bin/${path.basename(script)}`,
    SCRIPT_FILENAME: script,
    CONTENT_LENGTH: headers['content-length'],
    CONTENT_TYPE: headers['content-type'],
  }
  for (const [name, value] of Object.entries(headers)) {
    all[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = String(value)
  }
  return all
}

function sendHeader(header: string, response: ServerResponse): void {
  for (const line of header.split('\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (name.toLowerCase() === 'status') response.statusCode = Number(value.slice(0, 3))
    else response.setHeader(name, value)
  }
}
