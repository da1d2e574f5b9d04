import { readFileSync, statSync } from 'node:fs'
import { type PasswordCheck, readPasswordHash } from './password-hash.js'

/** What a file of passwords says. */
export interface Passwords {
  /** How the password of each name is checked. */
  readonly checks: ReadonlyMap<string, PasswordCheck>
  /** What is wrong with it, a sentence each without its full stop. Those names are let in nowhere. */
  readonly problems: readonly string[]
}

/** More than any such file has. */
const MOST_BYTES = 1024 * 1024

/** A file of names and passwords, as `htpasswd` writes it. It is read again when it has changed. */
export class PasswordFile {
  readonly #file: string
  readonly #tell: (problem: string) => void
  #state = ''
  #passwords: Passwords | undefined

  /** @param tell - called with what is wrong with the file, once for each change of it. */
  constructor(file: string, tell: (problem: string) => void) {
    this.#file = file
    this.#tell = tell
  }

  /** The passwords as they are now. Where the file cannot be read, there are none. */
  read(): Passwords {
    const state = this.#look()
    if (this.#passwords === undefined || state !== this.#state) {
      this.#state = state
      this.#passwords = readPasswords(this.#file)
      this.#passwords.problems.forEach((problem) => this.#tell(problem))
    }
    return this.#passwords
  }

  /** What changes when the file does. */
  #look(): string {
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
    // Apache, too, takes the first of a name.
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
    problems.push(`${file} is no file of passwords`)
  } catch (error) {
    problems.push(`${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`)
  }
  return []
}
