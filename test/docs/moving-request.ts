import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import type { MovingSite } from './moving-site.js'

/** A request as its lines: the first without its version, a body after a void line. */
export type Lines = readonly [line: string, ...rest: string[]]

/** Sends a request as it is, since no client may have an opinion about it. @returns all that comes. */
export function ask(port: number, lines: Lines): Promise<string> {
  return text(open(port, lines))
}

/** Sends a request. @returns what has come when the script's first part has. */
export async function askForFirstPart(port: number, path: string, part: string): Promise<string> {
  const socket = open(port, [`GET ${path}`])
  let received = ''
  for await (const data of socket) {
    received += String(data)
    if (received.includes(part)) break
  }
  return received
}

/** Leaves while `leave.sh`, or a page that runs it, runs. @returns how that ended. */
export async function leave(
  port: number,
  site: MovingSite,
  path = '/cgi-bin/leave.sh',
): Promise<string> {
  const query = `mark-${port}`
  const socket = open(port, [`GET ${path}?${query}`])
  await untilMarked(site, query, ['begun'])
  socket.destroy()
  return untilMarked(site, query, ['stopped', 'finished'])
}

/** A script of another server's has no event to wait for. */
async function untilMarked(site: MovingSite, query: string, marks: string[]): Promise<string> {
  for (let tries = 0; tries < 200; tries += 1) {
    const mark = await site.readMark(query)
    if (mark !== undefined && marks.includes(mark)) return mark
    await delay(50)
  }
  throw new Error(`leave.sh has told neither of ${marks.join(', ')}`)
}

function open(port: number, [line, ...rest]: Lines): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.setTimeout(15_000, () => socket.destroy(new Error(`no answer to ${line}`)))
  const end = rest.includes('') ? [] : ['', '']
  const head = [`${line} HTTP/1.1`, 'Host: example.org:99', 'Connection: close']
  socket.write([...head, ...rest, ...end].join('\r\n'))
  return socket
}
