import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { open, type Peer } from '../support/client.js'
import { until } from '../support/processes.js'

/** Opens a response of a script that writes its pids in its first line. */
export async function pidsOf(peer: Peer, url: string): Promise<[Readable, number[]]> {
  const response: Readable = await open(peer, url)
  response.on('error', () => {})
  const [line] = (await once(response, 'data')) as [Buffer]
  return [response, line.toString().trim().split(' ').map(Number)]
}

/** The pids that a script writes to a file, as soon as they are there. */
export async function pidsIn(file: string): Promise<number[]> {
  const read = (): string => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  }
  await until(() => read().endsWith('\n'), `${file} is written`)
  return read().trim().split(' ').map(Number)
}

/** Resolves when a stream is closed, with or without an error. */
export function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('close', () => resolve())
  })
}
