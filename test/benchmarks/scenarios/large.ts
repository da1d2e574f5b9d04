import { strict as assert } from 'node:assert'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { CURL, transfer } from '../curl.js'
import type { Figures, ServerScenario } from '../scenario.js'

/** Of 100 MiB, which the programs count as well. */
const SIZE = 100 * 1024 * 1024
const MEGABYTE = 1e6

const shared = {
  field: 'all',
  columns: [{ key: 'megabytesPerSecond', title: 'MB/s', digits: 0 }],
  needs: { [CURL]: 'curl' },
} as const

function speed(seconds: number): Figures {
  return { megabytesPerSecond: SIZE / MEGABYTE / seconds }
}

async function download(port: number, query: string): Promise<Figures> {
  const url = `http://127.0.0.1:${port}/cgi-bin/large-out-c.cgi${query}`
  const { seconds, received } = await transfer(url, '--output', '/dev/null')
  assert.equal(received, SIZE)
  return speed(seconds)
}

async function upload(port: number): Promise<Figures> {
  const folder = await mkdtemp(path.join(tmpdir(), 'common-gateway-upload-'))
  try {
    const file = path.join(folder, 'zeros')
    await writeFile(file, Buffer.alloc(SIZE))
    const url = `http://127.0.0.1:${port}/cgi-bin/large-in-c.cgi`
    // Without Expect, which not every server answers, and which curl would wait for.
    const args = ['--request', 'POST', '--upload-file', file, '--header', 'Expect:']
    const { seconds, body } = await transfer(url, ...args)
    assert.equal(body.trim(), String(SIZE))
    return speed(seconds)
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
    measure: ({ port }) => download(port, ''),
  },
  {
    ...shared,
    id: 'large-out-length',
    title: '100 MiB out, with a Content-Length',
    about: 'The same, with the length in the header of the program.',
    isQuick: false,
    measure: ({ port }) => download(port, '?length'),
  },
  {
    ...shared,
    id: 'large-in',
    title: '100 MiB in',
    about:
      'Sent by curl with a Content-Length; read to its end by a C program, which answers the count.',
    isQuick: false,
    measure: ({ port }) => upload(port),
  },
]
