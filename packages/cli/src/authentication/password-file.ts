import { readFileSync, statSync } from 'node:fs'
import { type PasswordCheck, readPasswordHash } from './password-hash.js'

/** The content of a password file. */
export interface Passwords {
  /** The check of the password, by user name. */
  readonly checks: ReadonlyMap<string, PasswordCheck>
  /** Sentences without a full stop about lines that are not valid. Their names cannot log in. */
  readonly problems: readonly string[]
}

/** A larger file is not a password file. */
const MOST_BYTES = 1024 * 1024

/** A file of users and passwords, as `htpasswd` writes it. It is read again after a change. */
export class PasswordFile {
  readonly #file: string
  readonly #report: (problem: string) => void
  #state = ''
  #passwords: Passwords | undefined

  /** @param report - called for every problem of the file, once after each change. */
  constructor(file: string, report: (problem: string) => void) {
    this.#file = file
    this.#report = report
  }

  /** The present passwords. There are none if the file cannot be read. */
  read(): Passwords {
    const state = this.#readState()
    if (this.#passwords === undefined || state !== this.#state) {
      this.#state = state
      this.#passwords = readPasswords(this.#file)
      this.#passwords.problems.forEach((problem) => this.#report(problem))
    }
    return this.#passwords
  }

  /** A string that differs after a change of the file. */
  #readState(): string {
    const status = statSync(this.#file, { bigint: true, throwIfNoEntry: false })
    if (status === undefined) return 'missing'
    const { dev, ino, size, mtimeNs, ctimeNs } = status
    return [dev, ino, size, mtimeNs, ctimeNs].join()
  }
}

function readPasswords(file: string): Passwords {
  const checks = new Map<string, PasswordCheck>()
  const problems: string[] = []
  for (const [index, line] of readLines(file, problems).entries()) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const colon = text.indexOf(':')
    const name = text.slice(0, colon)
    const found = readPasswordHash(text.slice(colon + 1))
    const place = `line ${index + 1} of ${file}`
    // The first line of a name counts, as in Apache.
    if (colon < 1) problems.push(`${place} must be NAME:HASH, as htpasswd writes it`)
    else if ('problem' in found) problems.push(`${place} ('${name}') ${found.problem}`)
    else if (!checks.has(name)) checks.set(name, found.check)
  }
  return { checks, problems }
}

function readLines(file: string, problems: string[]): string[] {
  try {
    const status = statSync(file)
    if (status.isFile() && status.size <= MOST_BYTES) return readFileSync(file, 'utf8').split('\n')
    problems.push(`${file} is not a password file`)
  } catch (error) {
    problems.push(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`)
  }
  return []
}
