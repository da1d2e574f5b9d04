import type { Address } from '../connection/address.js'
import { askValues } from '../connection/values.js'

/** The names of the FastCGI specification, section 4.1. One connection has one request. */
const NAMES = ['FCGI_MAX_CONNS', 'FCGI_MAX_REQS']

/**
 * Asks an application how many requests it takes at once, as `php-cgi` with PHP_FCGI_CHILDREN says. Undefined where it
 * does not say, or cannot be reached; never rejects.
 *
 * @param timeout - in milliseconds.
 */
export async function askProcessCount(
  address: Address,
  timeout: number,
): Promise<number | undefined> {
  try {
    const values = await askValues(address, NAMES, { timeout })
    const numbers = NAMES.map((name) => values.get(name) ?? '').filter((text) =>
      /^[1-9]\d{0,8}$/.test(text),
    )
    return numbers.length === 0 ? undefined : Math.min(...numbers.map(Number))
  } catch {
    return undefined
  }
}
