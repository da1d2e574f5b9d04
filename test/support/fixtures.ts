import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the scripts that the tests run. */
export const CGI_BIN = fileURLToPath(new URL('../../fixtures/cgi-bin', import.meta.url))

/** What the tests' own servers show, made for nothing else; it is its own authority. */
export const CERTIFICATE = readFileSync(
  new URL('../../fixtures/tls/certificate.pem', import.meta.url),
)

/** The key that belongs to it. */
export const KEY = readFileSync(new URL('../../fixtures/tls/key.pem', import.meta.url))

/** The URL of the script that prints these bytes, and nothing else; `slowly`: one at a time. */
export function saying(bytes: string | Buffer, slowly = false): string {
  const digits = [...Buffer.from(bytes)].map((byte) => byte.toString(8).padStart(3, '0'))
  if (slowly) return `/cgi-bin/say-slowly.cgi?${digits.join('')}`
  const encoded = digits.map((octal) => {
    const character = String.fromCharCode(Number.parseInt(octal, 8))
    return /[A-Za-z0-9.-]/.test(character) ? character : `_0${octal}`
  })
  return `/cgi-bin/say.cgi?${encoded.join('')}`
}

/** What `report.cgi` saw. */
export interface Report {
  readonly variables: ReadonlyMap<string, string>
  readonly arguments: readonly string[]
  readonly folder: string
  readonly input: string
}

/** Reads the answer of `report.cgi`. */
export function readReport(text: string): Report {
  const [seen = '', input = ''] = text.split(/^input=/m)
  const variables = new Map<string, string>()
  const args: string[] = []
  let folder = ''
  for (const line of seen.split('\n')) {
    const equals = line.indexOf('=')
    const [name, value] = [line.slice(0, equals), line.slice(equals + 1)]
    if (name === 'argument') args.push(value)
    else if (name === 'folder') folder = value
    else if (equals > 0 && name !== 'arguments') variables.set(name, value)
  }
  return { variables, arguments: args, folder, input }
}
