/** The NUL of the last value, and the comma: without both, no application begins. */
export const SCGI_END_SIZE = 2

/**
 * The head of an SCGI request: a netstring of all variables, CONTENT_LENGTH first, and `SCGI`
 * (https://python.ca/scgi/protocol.txt). Values are byte strings.
 */
export function encodeScgiRequest(environment: Readonly<Record<string, string>>): Buffer {
  const length = environment['CONTENT_LENGTH']
  // Required, even without a body.
  let variables = `CONTENT_LENGTH\0${length === undefined || length === '' ? '0' : length}\0SCGI\x001\0`
  for (const name in environment) {
    if (name === 'CONTENT_LENGTH' || name === 'SCGI') continue
    variables += `${name}\0${environment[name]}\0`
  }
  return Buffer.from(`${variables.length}:${variables},`, 'latin1')
}
