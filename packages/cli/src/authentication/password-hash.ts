import apacheMd5 from 'apache-md5'
import { compare } from 'bcryptjs'
import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether a password has this hash. */
export type PasswordCheck = (password: string) => Promise<boolean>

/** The check for a hash, or the reason why it cannot be checked. */
export type PasswordHash = { readonly check: PasswordCheck } | { readonly problem: string }

/** A check computes two to the power of this many rounds: about a second, in which other checks wait. */
const MOST_BCRYPT_ROUNDS = 14

/** Parses a hash of `htpasswd`: `-B` (bcrypt), `-m` (Apache's MD5) or `-s` (SHA-1). */
export function readPasswordHash(hash: string): PasswordHash {
  const [, rounds] = /^\$2[aby]\$(\d\d)\$[./\dA-Za-z]{53}$/.exec(hash) ?? []
  if (rounds !== undefined) {
    return Number(rounds) <= MOST_BCRYPT_ROUNDS
      ? { check: (password) => compare(password, hash) }
      : { problem: `takes too long to check; the most for htpasswd -C is ${MOST_BCRYPT_ROUNDS}` }
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
  return { problem: 'has no bcrypt, MD5 or SHA-1 hash; htpasswd -B makes one' }
}

// The types declare a default export, but the module is the function itself.
const hashByMd5 = apacheMd5 as unknown as (password: string, salt: string) => string

/** The package hashes one byte per character. */
function toByteString(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
