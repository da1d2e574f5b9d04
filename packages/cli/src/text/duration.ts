const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** The longest delay that timers of Node.js support. */
const LONGEST = 2 ** 31 - 1

/**
 * The milliseconds of a time such as `30s`, `500ms`, `1.5m` or `2h`; a number alone is in seconds.
 * Undefined if the value is not a time.
 */
export function parseDuration(value: unknown): number | undefined {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(value)) ?? []
  if (digits === undefined) return undefined
  // The pattern allows no other units.
  const duration = Math.round(Number(digits) * UNITS[unit as keyof typeof UNITS])
  return duration <= LONGEST ? duration : undefined
}
