/** FastCGI 1.0, section 8: the types of records. */
export const BEGIN_REQUEST = 1
export const ABORT_REQUEST = 2
export const END_REQUEST = 3
export const PARAMS = 4
export const STDIN = 5
export const STDOUT = 6
export const STDERR = 7
export const GET_VALUES = 9
export const GET_VALUES_RESULT = 10

export const VERSION = 1
/** The id of records about the application rather than a request (section 3.3). */
export const MANAGEMENT_ID = 0

export const HEADER_SIZE = 8
/**
 * The longest content that is sent in one record, in bytes. PHP closes the connection on a PARAMS record that is
 * longer (FCGI_MAX_LENGTH of its main/fastcgi.c); the length field of a record would allow 65,535.
 */
export const LONGEST_CONTENT = 65_528

/** protocolStatus of END_REQUEST (section 5.5). */
export const REQUEST_COMPLETE = 0
export const CANT_MPX_CONN = 1
export const OVERLOADED = 2
export const UNKNOWN_ROLE = 3

/**
 * The header of a record without padding, as a byte string: one character for each byte.
 *
 * @param id - at most 255.
 */
export function recordHeader(type: number, id: number, length: number): string {
  return String.fromCharCode(VERSION, type, 0, id, length >> 8, length & 0xff, 0, 0)
}

/** A record without padding; the content is a byte string. */
export function encodeRecord(type: number, id: number, content: string): Buffer {
  return Buffer.from(recordHeader(type, id, content.length) + content, 'latin1')
}
