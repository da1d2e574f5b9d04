import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import type { Listening } from '../scripted-upstream.js'

export function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that differ everywhere. */
export function pattern(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size)
  let state = seed
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes.writeUInt32LE(state, at)
  }
  return bytes
}

/** Writes a body in chunks, and ends it. */
export async function pour(bytes: Buffer, stdin: Writable | null, size = 65_536): Promise<void> {
  assert.ok(stdin !== null)
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
  await pipeline(Readable.from(chunks, { objectMode: true }), stdin)
}

/** The kinds of sockets on which an application may listen. */
export function listenings(t: Test): Record<string, Listening | undefined> {
  return {
    'a Unix socket': { path: path.join(createTemporaryFolder(t), 'socket') },
    TCP: undefined,
  }
}
