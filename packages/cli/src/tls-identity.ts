import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { badArgument, cannotStart } from './command-error.js'
import type { EffectiveSettings } from './settings.js'

/** What a server shows, and how it proves that it is its own. */
export interface TlsIdentity {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Reads certificate and key, and looks whether they fit. Null where there are to be none. */
export async function readTlsIdentity(
  settings: Pick<EffectiveSettings, 'tls-cert' | 'tls-key'>,
): Promise<TlsIdentity | null> {
  const { 'tls-cert': certFile, 'tls-key': keyFile } = settings
  if (certFile === undefined && keyFile === undefined) return null
  if (certFile === undefined)
    throw badArgument('--tls-key needs --tls-cert, the certificate for it')
  if (keyFile === undefined) throw badArgument('--tls-cert needs --tls-key, the key for it')
  const cert = await read('--tls-cert', certFile)
  const key = await read('--tls-key', keyFile)
  const certificate = parse(
    '--tls-cert',
    certFile,
    'a certificate',
    () => new X509Certificate(cert),
  )
  const privateKey = parse('--tls-key', keyFile, 'a private key', () => createPrivateKey(key))
  checkPair(certificate, privateKey, `'${keyFile}' is not the key of '${certFile}'`)
  return { cert, key }
}

async function read(flag: string, file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw cannotStart(`${flag} must be a file that can be read, but got '${file}'`, error)
  })
}

function parse<T>(flag: string, file: string, what: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    const isLocked = error instanceof Error && /passphrase|password/i.test(error.message)
    const why = isLocked ? ', which needs a passphrase: take it away with openssl pkey' : ''
    throw cannotStart(`${flag} must be ${what} in PEM, but got '${file}'${why}`, error)
  }
}

function checkPair(certificate: X509Certificate, key: KeyObject, message: string): void {
  if (!certificate.checkPrivateKey(key))
    throw cannotStart(`--tls-key must fit --tls-cert: ${message}`)
}
