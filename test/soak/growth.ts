/** What a host needs after so many requests. */
export interface Sample {
  readonly requests: number
  readonly heapBytes: number
  readonly residentBytes: number
}

const MEGABYTE = 1024 * 1024

/** What a request may leave behind, in bytes, before it is called a leak. */
const MOST_PER_REQUEST = 50

/** After so many requests a host has compiled its code, and has the memory that it works with. */
const WARM = 3_000

/** How much each may grow in any case: code that is compiled, memory that is not given back. */
const LEEWAY = {
  cold: { heapBytes: 3 * MEGABYTE, residentBytes: 40 * MEGABYTE },
  warm: { heapBytes: 3 * MEGABYTE, residentBytes: 8 * MEGABYTE },
} as const

/** How much one of them has grown. */
export interface Growth {
  readonly what: 'heapBytes' | 'residentBytes'
  /** By the line that fits the samples best. */
  readonly perRequest: number
  readonly bytes: number
  readonly limit: number
}

export function measureGrowth(samples: readonly Sample[]): Growth[] {
  const warm = samples.filter(({ requests }) => requests >= WARM)
  const [measured, leeway] = warm.length >= 3 ? [warm, LEEWAY.warm] : [samples, LEEWAY.cold]
  return (['heapBytes', 'residentBytes'] as const).map((what) => {
    const points = measured.map((sample): Point => [sample.requests, sample[what]])
    const requests = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)
    const perRequest = slopeOf(points)
    const limit = Math.max(leeway[what], MOST_PER_REQUEST * requests)
    return { what, perRequest, bytes: perRequest * requests, limit }
  })
}

type Point = readonly [x: number, y: number]

/** Least squares. */
function slopeOf(points: readonly Point[]): number {
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, each) => sum + each, 0) / numbers.length
  const [x, y] = [mean(points.map(([each]) => each)), mean(points.map(([, each]) => each))]
  const over = points.reduce((sum, [eachX, eachY]) => sum + (eachX - x) * (eachY - y), 0)
  const under = points.reduce((sum, [eachX]) => sum + (eachX - x) ** 2, 0)
  return under === 0 ? 0 : over / under
}
