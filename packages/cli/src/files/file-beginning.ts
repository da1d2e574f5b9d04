import { closeSync, constants, openSync, readSync } from 'node:fs'

/**
 * What a file looks like to a system that is to execute it: `program`: it has an interpreter line, or is a
 * binary of Linux; `text`: it is neither, and can be nothing else; `unknown`: it cannot be read, or may be a
 * program of another kind.
 */
export type Beginning = 'program' | 'text' | 'unknown'

/** Looks at the first bytes of a file. */
export function beginningOf(file: string): Beginning {
  const bytes = readBeginning(file)
  if (bytes === null) return 'unknown'
  const beginning = bytes.toString('latin1')
  if (beginning.startsWith('#!') || beginning === '\x7fELF') return 'program'
  // A byte order mark is one of the things that hide an interpreter line.
  return /^(?:\xef\xbb\xbf.|[\t\r\n -~]*)$/s.test(beginning) ? 'text' : 'unknown'
}

function readBeginning(file: string): Buffer | null {
  const bytes = Buffer.alloc(4)
  try {
    // Opening a FIFO would wait for whoever writes to it.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0))
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return null
  }
}
