import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import path from 'node:path'
import type { RequestInput } from '@internal/fastcgi/connection/request-input.js'
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

/** Writes a chunk. Resolves when it has been taken. */
export function write(stdin: RequestInput | null, chunk: Buffer | string): Promise<void> {
  assert.ok(stdin !== null)
  return new Promise((resolve) => stdin.write(Buffer.from(chunk), resolve))
}

/** Writes a body in chunks, and ends it. */
export async function pour(
  bytes: Buffer,
  stdin: RequestInput | null,
  size = 65_536,
): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    await write(stdin, bytes.subarray(at, at + size))
  }
  stdin?.end()
}

/** The kinds of sockets on which an application may listen. */
export function listenings(t: Test): Record<string, Listening | undefined> {
  return {
    'a Unix socket': { path: path.join(createTemporaryFolder(t), 'socket') },
    TCP: undefined,
  }
}
