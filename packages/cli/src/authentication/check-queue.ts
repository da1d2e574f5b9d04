import { createHmac, randomBytes } from 'node:crypto'
import type { Credentials } from './credentials.js'
import type { Passwords } from './password-file.js'

/** How many checks wait; those beyond it are refused. */
const MOST_WAITING = 32

/** How many verdicts are remembered, of each kind. */
const MOST_REMEMBERED = 1024

/**
 * Checks passwords one after the other, since each costs as much as many requests, and remembers what it
 * has found. What it remembers is by a digest that no other process can make, not by the password.
 */
export class CheckQueue {
  readonly #key = randomBytes(32)
  /** Apart, so that whoever tries passwords does not have those who are let in checked again. */
  readonly #verdicts = { right: new Set<string>(), wrong: new Set<string>() }
  #passwords: Passwords | undefined
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Whether the password is that of the name; at once where it is known, and `busy` if too many wait. */
  check(passwords: Passwords, credentials: Credentials): boolean | 'busy' | Promise<boolean> {
    if (passwords !== this.#passwords) this.#forget(passwords)
    const { right, wrong } = this.#verdicts
    const digest = this.#digestOf(credentials)
    if (right.has(digest)) return true
    if (wrong.has(digest)) return false
    if (this.#waiting >= MOST_WAITING) return 'busy'
    this.#waiting += 1
    const verdict = this.#last.then(async () => {
      // The same may have waited before it: a page has many files.
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
    // A name has no colon (RFC 7617 section 2).
    return createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64')
  }
}

/**
 * Whether a password is right. A name that is not there costs the same as one that is: how long it takes does not tell
 * which it was.
 */
async function compare({ checks }: Passwords, { name, password }: Credentials): Promise<boolean> {
  const check = checks.get(name)
  const [someone] = checks.values()
  try {
    const isRight = (await (check ?? someone)?.(password)) ?? false
    return check !== undefined && isRight
  } catch {
    // What cannot be checked is not right, and the checks that wait go on.
    return false
  }
}

function remember(digests: Set<string>, digest: string): void {
  digests.add(digest)
  const [oldest] = digests
  if (digests.size > MOST_REMEMBERED && oldest !== undefined) digests.delete(oldest)
}
