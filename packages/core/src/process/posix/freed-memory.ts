import type { CLibrary } from './c-library.js'

const M_TRIM_THRESHOLD = -1
const M_MMAP_THRESHOLD = -3
const MEBIBYTE = 1024 * 1024

let isKept = false

/**
 * Keeps glibc from giving memory back to the system between the chunks of an upload. Node.js copies each chunk of a
 * request into memory of its own; V8 frees some 30 MB of them at a time, and glibc returns what lies at the top of its
 * heap, page by page, to ask for it again at once. Whether it does depends on what else lies there: the same server
 * took 400 to 1,020 ms of processor time for 100 MB in five processes, and 250 to 300 ms with these thresholds.
 *
 * They are those that glibc sets itself as soon as a program frees a block of 32 MiB: see M_MMAP_THRESHOLD in
 * mallopt(3). At most 64 MiB that are free stay with the process.
 */
export function keepFreedMemory({ mallopt }: Pick<CLibrary, 'mallopt'>): void {
  if (isKept || mallopt === undefined) return
  isKept = true
  mallopt(M_MMAP_THRESHOLD, 32 * MEBIBYTE)
  mallopt(M_TRIM_THRESHOLD, 64 * MEBIBYTE)
}
