import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { badArgument, type CommandError, cannotStart } from '../settings/command-error.js'
import type { EffectiveSettings } from '../settings/settings.js'
import { quoteArgument } from '../text/shell-argument.js'

/** The certificate of the server and its private key, in PEM. */
export interface TlsIdentity {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Reads certificate and key and checks that they match. Null where neither is set. */
export async function readTlsIdentity(
  settings: Pick<EffectiveSettings, 'tls-cert' | 'tls-key'>,
): Promise<TlsIdentity | null> {
  const { 'tls-cert': certFile, 'tls-key': keyFile } = settings
  if (certFile === undefined && keyFile === undefined) return null
  if (certFile === undefined) {
    throw badArgument('--tls-key needs --tls-cert, its certificate')
  }
  if (keyFile === undefined) throw badArgument('--tls-cert needs --tls-key, its private key')
  const cert = await read('--tls-cert', certFile)
  const key = await read('--tls-key', keyFile)
  const certificate = parse(
    cert,
    (pem) => new X509Certificate(pem),
    `--tls-cert must be a certificate in PEM, but got '${certFile}'`,
  )
  // OpenSSL's error for it differs by version; the header of the file does not.
  if (key.includes('ENCRYPTED')) throw asLocked(keyFile)
  const privateKey = parse(
    key,
    (pem) => createPrivateKey(pem),
    `--tls-key must be a private key in PEM, but got '${keyFile}'`,
  )
  if (!certificate.checkPrivateKey(privateKey)) {
    throw cannotStart(
      `--tls-key must match --tls-cert: '${keyFile}' is not the key of '${certFile}'`,
    )
  }
  return { cert, key }
}

async function read(flag: string, file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw cannotStart(`${flag} must be a readable file, but got '${file}'`, error)
  })
}

function parse<T>(content: Buffer, make: (pem: Buffer) => T, message: string): T {
  // X509Certificate also reads DER, which the server does not accept.
  if (!content.includes('-----BEGIN ')) throw cannotStart(message)
  try {
    return make(content)
  } catch (error) {
    throw cannotStart(message, error)
  }
}

function asLocked(file: string): CommandError {
  const remedy = `openssl pkey -in ${quoteArgument(file)} prints it without one`
  return cannotStart(`--tls-key '${file}' needs a passphrase, which cannot be entered: ${remedy}`)
}
