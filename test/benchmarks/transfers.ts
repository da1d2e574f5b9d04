import { strict as assert } from 'node:assert'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { RunningServer } from '../servers/server.js'
import { type Transfer, transfer } from './curl.js'
import { takeProcessorTime } from './processor-time.js'
import type { Column, Figures } from './scenario.js'

const MEGABYTE = 1e6

export const TRANSFER_COLUMNS: readonly Column[] = [
  { key: 'megabytesPerSecond', title: 'MB/s', digits: 0 },
  { key: 'processorTime', title: 'processor time, ms', digits: 0 },
]

/** A program of the site, and the number of bytes that it sends or gets. */
interface Large {
  readonly path: string
  readonly size: number
}

/** An upload, and how many of them come before the first that is measured of a server. */
interface Upload extends Large {
  readonly warmUp?: number
}

/** Servers that have had the uploads before the first that is measured. */
const warmed = new WeakSet<RunningServer>()

async function measure(
  server: RunningServer,
  size: number,
  work: () => Promise<Transfer>,
): Promise<Figures> {
  const { result, all } = await takeProcessorTime(server, work)
  return { megabytesPerSecond: size / MEGABYTE / result.seconds, processorTime: all / 1_000 }
}

/** Receives what a program sends. */
export function download(server: RunningServer, { path: program, size }: Large): Promise<Figures> {
  const url = `http://127.0.0.1:${server.port}${program}`
  return measure(server, size, async () => {
    const done = await transfer(url, '--output', '/dev/null')
    assert.equal(done.received, size)
    return done
  })
}

/** Sends zeros to a program that answers their number. PUT: PHP reads the body of a POST by itself. */
export async function upload(
  server: RunningServer,
  { path: program, size, warmUp = 0 }: Upload,
): Promise<Figures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'common-gateway-upload-'))
  try {
    const file = path.join(folder, 'zeros')
    const zeros = await open(file, 'w')
    await zeros.truncate(size)
    await zeros.close()
    const url = `http://127.0.0.1:${server.port}${program}`
    // Without Expect, which not every server answers, and which curl would wait for.
    const args = ['--upload-file', file, '--header', 'Expect:']
    const send = async (): Promise<Transfer> => {
      const done = await transfer(url, ...args)
      assert.equal(done.body.trim(), String(size))
      return done
    }
    for (let count = 0; count < (warmed.has(server) ? 0 : warmUp); count += 1) await send()
    warmed.add(server)
    return await measure(server, size, send)
  } finally {
    await rm(folder, { recursive: true })
  }
}
