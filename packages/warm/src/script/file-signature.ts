import { type BigIntStats, statSync } from 'node:fs'

/** How long a file must be unchanged, in milliseconds: a change within one tick of its time stamps cannot be seen. */
export const LEAST_AGE = 2_000

/** What changes with the content of a file; empty where there is none. @param file - a byte string. */
export function signatureOf(file: string): string {
  const found = readStatus(file)
  if (found === undefined) return ''
  const { dev, ino, size, mtimeNs, ctimeNs } = found
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Whether a file has just changed. The time of its last change, unlike that of its content, cannot be set. */
export function isYoung(file: string): boolean {
  const found = readStatus(file)
  return found === undefined || Date.now() - Number(found.ctimeMs) < LEAST_AGE
}

/** The status of a file; undefined where there is none. @param file - a byte string. */
export function readStatus(file: string): BigIntStats | undefined {
  try {
    return statSync(Buffer.from(file, 'latin1'), { bigint: true })
  } catch {
    return undefined
  }
}
