import apacheMd5 from 'apache-md5'
import { compare } from 'bcryptjs'
import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a password is the one that a hash was made of. */
export type PasswordCheck = (password: string) => Promise<boolean>

/** What can be done with a hash: to check passwords, or to say why not. */
export type PasswordHash = { readonly check: PasswordCheck } | { readonly problem: string }

/** A check takes two to the power of this: a second or so, and all requests wait for it. */
const MOST_BCRYPT_ROUNDS = 14

/** Reads a hash as `htpasswd` writes it: `-B` (bcrypt), `-m` (MD5 of Apache) and `-s` (SHA-1). */
export function readPasswordHash(hash: string): PasswordHash {
  const [, rounds] = /^\$2[aby]\$(\d\d)\$[./\dA-Za-z]{53}$/.exec(hash) ?? []
  if (rounds !== undefined) {
    return Number(rounds) <= MOST_BCRYPT_ROUNDS
      ? { check: (password) => compare(password, hash) }
      : { problem: `takes too long to check: htpasswd -C takes ${MOST_BCRYPT_ROUNDS} at most` }
  }
  if (/^\$(?:apr1|1)\$[./\dA-Za-z]{1,8}\$[./\dA-Za-z]{22}$/.test(hash)) {
    return { check: async (password) => isEqual(hashByMd5(toByteString(password), hash), hash) }
  }
  if (/^\{SHA\}[\d+/A-Za-z]{27}=$/.test(hash)) {
    const digestOf = (password: string): string => {
      return `{SHA}${createHash('sha1').update(password).digest('base64')}`
    }
    return { check: async (password) => isEqual(digestOf(password), hash) }
  }
  return { problem: 'has no hash of bcrypt, MD5 or SHA-1: htpasswd -B makes one' }
}

// The package's types speak of a default export; it has none, but is the function.
const hashByMd5 = apacheMd5 as unknown as (password: string, salt: string) => string

/** The package takes a character for a byte. */
function toByteString(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
