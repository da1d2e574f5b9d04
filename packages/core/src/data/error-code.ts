/** The `code` of an error of the system or of Node.js (`ENOENT`, `ERR_INVALID_ARG_TYPE`); empty if it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
