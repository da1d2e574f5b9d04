/** A name and a password that a client has sent. */
export interface Credentials {
  readonly name: string
  readonly password: string
}

/** `htpasswd` accepts no longer passwords. Hashing them would take time. */
const MOST_BYTES = 255

/** Parses an `Authorization` field of the scheme Basic (RFC 7617); null if it is not valid. */
export function readCredentials(field: string | undefined): Credentials | null {
  const [, token] = /^basic +([\d+/A-Za-z]+={0,2}) *$/i.exec(field ?? '') ?? []
  if (token === undefined) return null
  const text = decode(Buffer.from(token, 'base64'))
  const colon = text?.indexOf(':') ?? -1
  if (text === null || colon < 1) return null
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)]
  return Buffer.byteLength(password) > MOST_BYTES ? null : { name, password }
}

/** Text without control characters, which RFC 7617 section 2 forbids. */
function decode(bytes: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return /\p{Cc}/u.test(text) ? null : text
  } catch {
    return null
  }
}
