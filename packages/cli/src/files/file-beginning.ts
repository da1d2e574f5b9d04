import { closeSync, constants, openSync, readSync } from 'node:fs'

/**
 * How execve(2) would treat a file. `program`: it has an interpreter line or is an ELF binary; `text`: it is
 * neither, so it cannot be executed; `unknown`: it cannot be read, or it can be another kind of program.
 */
export type Beginning = 'program' | 'text' | 'unknown'

/** Classifies a file by its first bytes. */
export function beginningOf(file: string): Beginning {
  const bytes = readBeginning(file)
  if (bytes === null) return 'unknown'
  const beginning = bytes.toString('latin1')
  if (beginning.startsWith('#!') || beginning === '\x7fELF') return 'program'
  // A byte order mark hides an interpreter line from the kernel.
  return /^(?:\xef\xbb\xbf.|[\t\r\n -~]*)$/s.test(beginning) ? 'text' : 'unknown'
}

function readBeginning(file: string): Buffer | null {
  const bytes = Buffer.alloc(4)
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
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
