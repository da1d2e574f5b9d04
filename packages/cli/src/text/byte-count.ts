const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A number of bytes in decimal units: `17 B`, `4.2 kB`, `130 MB`. */
export function toByteCount(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  let value = bytes
  let unit = 'B'
  for (const larger of UNITS) {
    // 999.5 rounds to 1000, which is 1.0 of the larger unit.
    if (value < 999.5) break
    value /= 1_000
    unit = larger
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
}
