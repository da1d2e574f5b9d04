import { createHmac, randomBytes } from 'node:crypto'
import type { Credentials } from './credentials.js'
import type { Passwords } from './password-file.js'

/** How many checks can wait. More are refused. */
const MOST_WAITING = 32

/** How many results of each kind are kept. */
const MOST_REMEMBERED = 1024

/**
 * Checks passwords one at a time, since a check takes as much time as many requests, and keeps the results.
 * The key of a result is a digest with a random key, not the password.
 */
export class CheckQueue {
  readonly #key = randomBytes(32)
  /** Kept apart, so that many wrong passwords do not displace the right ones. */
  readonly #verdicts = { right: new Set<string>(), wrong: new Set<string>() }
  #passwords: Passwords | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Whether the password is right: a boolean if the result is known, `busy` if too many checks wait. */
  check(passwords: Passwords, credentials: Credentials): boolean | 'busy' | Promise<boolean> {
    if (passwords !== this.#passwords) this.#forget(passwords)
    const { right, wrong } = this.#verdicts
    const digest = this.#digestOf(credentials)
    if (right.has(digest)) return true
    if (wrong.has(digest)) return false
    if (this.#waiting >= MOST_WAITING) return 'busy'
    this.#waiting += 1
    const verdict = this.#last.then(async () => {
      // The same check can have waited before this one: a page has many files.
      return right.has(digest) || (!wrong.has(digest) && (await compare(passwords, credentials)))
    })
    this.#last = verdict.then((isRight) => {
      this.#waiting -= 1
      if (passwords === this.#passwords) remember(isRight ? right : wrong, digest)
    })
    return verdict
  }

  #forget(passwords: Passwords): void {
    this.#passwords = passwords
    this.#verdicts.right.clear()
    this.#verdicts.wrong.clear()
  }

  #digestOf({ name, password }: Credentials): string {
    // A name cannot contain a colon (RFC 7617 section 2).
    return createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64')
  }
}

/**
 * Whether a password is right. An unknown name takes as long as a known one, so that the time does not reveal
 * which names exist.
 */
async function compare({ checks }: Passwords, { name, password }: Credentials): Promise<boolean> {
  const check = checks.get(name)
  const [decoy] = checks.values()
  try {
    const isRight = (await (check ?? decoy)?.(password)) ?? false
    return check !== undefined && isRight
  } catch {
    // A check that fails must not reject: the next checks wait for it.
    return false
  }
}

function remember(digests: Set<string>, digest: string): void {
  digests.add(digest)
  const [oldest] = digests
  if (digests.size > MOST_REMEMBERED && oldest !== undefined) digests.delete(oldest)
}
