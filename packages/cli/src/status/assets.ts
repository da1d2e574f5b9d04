import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** The style and the script that every page contains. */
export interface Assets {
  readonly style: string
  readonly script: string
  /** The Content-Security-Policy of the pages. */
  readonly policy: string
}

/** Reads the style and the script from the files of the package. */
export async function readAssets(): Promise<Assets> {
  const [style, script] = await Promise.all([
    readFile(new URL('../../browser/page.css', import.meta.url), 'utf8'),
    readFile(new URL('../browser/page.js', import.meta.url), 'utf8'),
  ])
  return { style, script, policy: policyFor(style, script) }
}

/**
 * Allows this style, this script and connections to the same origin only. Text of a request or of a script
 * stays inert even if the escaping has a bug.
 */
function policyFor(style: string, script: string): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
