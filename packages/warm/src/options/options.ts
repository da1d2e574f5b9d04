/** Options of {@link warm}. Times are in milliseconds. */
export interface WarmOptions {
  /**
   * **max** `number` - The most fork servers of a gateway that take requests. If another script needs one, the one that
   * has been idle longest ends first. One that is replaced waits for its scripts; no new one starts while `max` wait. A
   * script whose variables of the gateway (`env`) take more values than this is started plainly. Default: `8`.
   * @example `{ max: 20 }`
   */
  max?: number
  /**
   * **after** `number` - How many times a script must have run within `idleTimeout` before a fork server is started for
   * it. Default: `2`.
   * @example `{ after: 1 }`
   */
  after?: number
  /**
   * **idleTimeout** `number` - A fork server ends after this time without a request. `0`: never. Default: `60000`.
   * @example `{ idleTimeout: 10 * 60_000 }`
   */
  idleTimeout?: number
  /**
   * **maxAge** `number` - A fork server is replaced after this time. All requests of one fork server share the layout of
   * its memory, and Python's hash seed. `0`: never. Default: `600000`.
   * @example `{ maxAge: 0 }`
   */
  maxAge?: number
  /**
   * **modules** `string[]` - Python: modules that are imported once, in the fork server, although they are not in a folder of
   * the library (the site's own), or have code in C. They must not depend on the request, nor open anything, when they
   * are imported. Default: `[]`.
   * @example `{ modules: ['numpy', 'site_templates'] }`
   */
  modules?: readonly string[]
}

/** The options with their defaults. */
export type WarmSettings = Required<WarmOptions>

export const DEFAULTS: WarmSettings = {
  max: 8,
  after: 2,
  idleTimeout: 60_000,
  maxAge: 600_000,
  modules: [],
}
