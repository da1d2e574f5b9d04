/** How many runs of each kind are compared: the last ones. */
const SAMPLES = 9
/** How many plain runs are needed for a result. */
const FEWEST_SAMPLES = 5
/** One of so many runs is plain, so that both kinds are measured under the same load. */
const RUNS_PER_PLAIN_RUN = 20
/** How many times faster a fork server must be. */
const LEAST_RATIO = 1.2

/** Measures whether a fork server is faster than plain starts of the same script. */
export class Worth {
  readonly #plain: number[] = []
  readonly #warm: number[] = []
  #runs = 0

  /** @param milliseconds - from the start of a plain run to its exit. */
  addPlain(milliseconds: number): void {
    add(this.#plain, milliseconds)
  }

  /** @param milliseconds - from the request to the fork server, which has learnt, to the exit. */
  addWarm(milliseconds: number): void {
    add(this.#warm, milliseconds)
  }

  /** Whether the next run is to be plain, to be measured. Counts the run. */
  takesPlainRun(): boolean {
    this.#runs += 1
    return this.#runs % RUNS_PER_PLAIN_RUN === 0
  }

  /** How many times faster the fork server is; undefined until enough runs are measured. */
  get ratio(): number | undefined {
    if (this.#plain.length < FEWEST_SAMPLES || this.#warm.length < SAMPLES) return undefined
    return median(this.#plain) / median(this.#warm)
  }

  /** Whether enough runs have shown that the fork server is not worth its memory. */
  get isTooSmall(): boolean {
    const { ratio } = this
    return ratio !== undefined && ratio < LEAST_RATIO
  }
}

function add(samples: number[], milliseconds: number): void {
  samples.push(milliseconds)
  if (samples.length > SAMPLES) samples.shift()
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
