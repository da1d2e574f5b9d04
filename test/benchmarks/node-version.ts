import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'

/** A version of Node that the Node servers run on. */
export interface NodeVersion {
  /** What it is called in the names of the servers; empty for the one that runs this. */
  readonly label: string
  /** Its binary. */
  readonly file: string
}

/** What a Node server is on a version of Node that is not the first one. */
export function byNode({ label, file }: NodeVersion): {
  readonly name: string
  description: string
} {
  if (label === '') return { name: '', description: '' }
  const text = execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()
  return { name: `, Node ${label}`, description: `, by Node.js ${text}` }
}

/** The version of a package of the tests. */
export function version(name: string): string {
  const { version: text } = createRequire(import.meta.url)(`${name}/package.json`) as {
    version: string
  }
  return text
}
