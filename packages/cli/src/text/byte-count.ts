const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A number of bytes as people read it: `17 B`, `4.2 kB`, `130 MB`. */
export function toByteCount(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  let value = bytes
  let unit = ''
  for (const each of UNITS) {
    value /= 1_000
    unit = each
    // What would be rounded to 1000 is one of the next.
    if (value < 999.5) break
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
}
