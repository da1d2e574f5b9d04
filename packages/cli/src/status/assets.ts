import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** What every page has in it. */
export interface Assets {
  readonly style: string
  readonly script: string
  /** The Content-Security-Policy of the pages. */
  readonly policy: string
}

/** Reads the style and the script of the pages, which are in the package as files. */
export async function readAssets(): Promise<Assets> {
  const [style, script] = await Promise.all([
    readFile(new URL('../../browser/page.css', import.meta.url), 'utf8'),
    readFile(new URL('../browser/page.js', import.meta.url), 'utf8'),
  ])
  return { style, script, policy: policyFor(style, script) }
}

/**
 * Nothing but this style and this script, and no connection but to where the page came from: what a
 * request or a script has written stays text even if there were a hole in the escaping.
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
