import type { isUtf8MimeType, mime, send } from '@fastify/send'

/** The package that sends files. */
export interface FileSender {
  readonly send: typeof send
  readonly mime: typeof mime
  readonly isUtf8MimeType: typeof isUtf8MimeType
}

let loading: Promise<FileSender> | undefined

/** Loads the package that sends files: it takes a quarter of an adapter's import, and many gateways send none. */
export async function loadFileSender(): Promise<FileSender> {
  loading ??= import('@fastify/send')
  try {
    return await loading
  } catch (error) {
    // A later file may find free descriptors.
    loading = undefined
    throw error
  }
}
