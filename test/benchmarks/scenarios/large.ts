import { strict as assert } from 'node:assert'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { RunningServer } from '../../servers/server.js'
import { CURL, type Transfer, transfer } from '../curl.js'
import { takeProcessorTime } from '../processor-time.js'
import type { Figures, ServerScenario } from '../scenario.js'

/** Of 100 MiB, which the programs count as well. */
const SIZE = 100 * 1024 * 1024
const MEGABYTE = 1e6

const shared = {
  field: 'all',
  columns: [
    { key: 'megabytesPerSecond', title: 'MB/s', digits: 0 },
    { key: 'processorTime', title: 'processor time, ms', digits: 0 },
  ],
  needs: { [CURL]: 'curl' },
} as const

async function measure(server: RunningServer, work: () => Promise<Transfer>): Promise<Figures> {
  const { result, all } = await takeProcessorTime(server, work)
  return { megabytesPerSecond: SIZE / MEGABYTE / result.seconds, processorTime: all / 1_000 }
}

function download(server: RunningServer, query: string): Promise<Figures> {
  const url = `http://127.0.0.1:${server.port}/cgi-bin/large-out-c.cgi${query}`
  return measure(server, async () => {
    const done = await transfer(url, '--output', '/dev/null')
    assert.equal(done.received, SIZE)
    return done
  })
}

async function upload(server: RunningServer): Promise<Figures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'common-gateway-upload-'))
  try {
    const file = path.join(folder, 'zeros')
    const zeros = await open(file, 'w')
    await zeros.truncate(SIZE)
    await zeros.close()
    const url = `http://127.0.0.1:${server.port}/cgi-bin/large-in-c.cgi`
    // Without Expect, which not every server answers, and which curl would wait for.
    const args = ['--request', 'POST', '--upload-file', file, '--header', 'Expect:']
    return await measure(server, async () => {
      const done = await transfer(url, ...args)
      assert.equal(done.body.trim(), String(SIZE))
      return done
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** What passes through, both ways. */
export const large: readonly ServerScenario[] = [
  {
    ...shared,
    id: 'large-out',
    title: '100 MiB out',
    about:
      'Written by a C program in pieces of 64 KiB, without a Content-Length; received by curl.',
    isQuick: true,
    processes: 'shared',
    measure: (server) => download(server, ''),
  },
  {
    ...shared,
    id: 'large-out-length',
    title: '100 MiB out, with a Content-Length',
    about: 'The same, with the length in the header of the program.',
    isQuick: false,
    processes: 'shared',
    measure: (server) => download(server, '?length'),
  },
  {
    ...shared,
    id: 'large-in',
    title: '100 MiB in',
    about:
      'Sent by curl with a Content-Length; read to its end by a C program, which answers the count. Each round has a ' +
      'process that has done nothing before, since how the C library places its memory differs between processes.',
    isQuick: true,
    processes: 'fresh',
    times: { rounds: 2 },
    hasSpread: true,
    measure: upload,
  },
]
