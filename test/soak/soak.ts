import { within } from '../support/forked-process.js'
import type { Framework } from './application.js'
import { type Belongings, settle } from './belongings.js'
import { type Growth, measureGrowth, type Sample } from './growth.js'
import type { Kind } from './kind.js'
import type { Outcome } from './outcome.js'
import { pickKind } from './kinds.js'
import { createRandom } from './random.js'
import type { SoakSite } from './site.js'
import { type SoakedHost, startSoakedHost } from './soaked-host.js'
import { Tally } from './tally.js'
import { type Generation, type Lane, Visitor } from './visitor.js'

/** What is asked of a host. */
export interface SoakPlan {
  readonly framework: Framework
  readonly requests: number
  readonly seed: number
  readonly kinds: readonly Kind[]
  readonly site: SoakSite
  /** Options of the gateways. */
  readonly options: object
  /** Hears of each part when it is over. */
  readonly onPart?: (made: number, sample: Sample) => void
}

/** What has come of it. */
export interface SoakResult {
  readonly tally: Tally
  readonly requests: number
  /** How many scripts were started. */
  readonly started: number
  readonly applications: number
  readonly growth: readonly Growth[]
  /** All that is not as it should be. */
  readonly faults: readonly string[]
}

/** How many clients there are at once. */
const CLIENTS = 24
/** So many parts has a run, if it has so many requests; or fewer. The first makes the host warm. */
const PARTS = 10
const LEAST_PART = 250
/** How long one visit may take, in milliseconds: nothing may make a client wait for ever. */
const PATIENCE = 30_000

/** Sends a host all the requests. */
export async function soak(plan: SoakPlan): Promise<SoakResult> {
  const { site } = plan
  const environment = { TMPDIR: site.temporary }
  const options = { root: site.root, env: site.env, sendfileRoots: [site.files], ...plan.options }
  const host = await startSoakedHost(plan.framework, options, environment)
  try {
    return await new Soak(plan, host).run()
  } finally {
    await host.stop()
  }
}

class Soak {
  readonly #plan: SoakPlan
  readonly #host: SoakedHost
  readonly #tally = new Tally()
  readonly #samples: Sample[] = []
  #generation: Generation = { port: 0, isRetired: true, underWay: new Set() }
  #applications = 0
  #reloading: Promise<void> | undefined
  /** Requests without an answer, to an application that was being closed. */
  readonly #excused: { kind: Kind; generation: Generation; token: string }[] = []
  #index = 0
  #made = 0

  constructor(plan: SoakPlan, host: SoakedHost) {
    this.#plan = plan
    this.#host = host
  }

  async run(): Promise<SoakResult> {
    const faults: string[] = []
    try {
      let before: Belongings | undefined
      const { requests } = this.#plan
      const parts = Math.max(2, Math.min(PARTS, Math.floor(requests / LEAST_PART)))
      for (let part = 1; part <= parts; part += 1) {
        before = await this.#runPart(Math.ceil((requests * part) / parts), before)
      }
    } catch (error) {
      faults.push(String(error))
    }
    faults.push(
      ...this.#tally.faults.map((each) => `${each.kind} (${each.token}): ${each.message}`),
    )
    const growth = measureGrowth(this.#samples)
    for (const { what, bytes, limit, perRequest } of growth) {
      if (bytes < limit) continue
      faults.push(`${what} grows by ${perRequest.toFixed(0)} with each request, ${bytes} in all`)
    }
    const started = await this.#host.report().then((state) => state.started)
    const applications = this.#applications
    return { tally: this.#tally, requests: this.#made, started, applications, growth, faults }
  }

  /** After each part all is closed, and nothing may be left. @returns what the host has then. */
  async #runPart(end: number, before: Belongings | undefined): Promise<Belongings> {
    await this.#open()
    await Promise.all(Array.from({ length: CLIENTS }, () => this.#work(end)))
    await this.#close(this.#generation)
    this.#judgeExcuses()
    const belongings = await settle(this.#host, this.#plan.site, before)
    const { heapBytes, residentBytes } = await this.#host.report(true)
    const sample = { requests: this.#made, heapBytes, residentBytes }
    this.#samples.push(sample)
    this.#plan.onPart?.(this.#made, sample)
    // What the first has loaded and compiled stays.
    return before ?? belongings
  }

  async #open(): Promise<void> {
    this.#generation = {
      port: await this.#host.open(),
      isRetired: false,
      underWay: new Set(),
    }
    this.#applications += 1
  }

  /** One client after the other. */
  async #work(end: number): Promise<void> {
    const lane: Lane = { kept: null }
    while (this.#made < end) {
      const index = this.#index
      this.#index += 1
      const random = createRandom(this.#plan.seed, index)
      const kind = pickKind(random, this.#plan.kinds)
      this.#made += kind.requests ?? 1
      await this.#visit(kind, {
        generation: this.#generation,
        lane,
        random,
        token: `soak${this.#plan.seed}-${index}.`,
        site: this.#plan.site,
        reload: () => this.#reload(),
      })
      if (lane.kept?.generation.isRetired === true) this.#drop(lane)
    }
    this.#drop(lane)
  }

  #drop(lane: Lane): void {
    lane.kept?.connection.close()
    lane.kept = null
  }

  async #visit(kind: Kind, errand: ConstructorParameters<typeof Visitor>[0]): Promise<void> {
    const { generation, token } = errand
    const visitor = new Visitor(errand)
    const when = (): string => {
      const after = visitor.before === undefined ? '' : `, after ${visitor.before.slice(0, 60)}`
      return after + (generation.isRetired ? ', while the application closed' : '')
    }
    // What an application that is being closed turns away has not begun.
    const isExcused = (outcome: Outcome): boolean =>
      generation.isRetired && !visitor.isBegun && (outcome === '503' || outcome === 'none')
    try {
      const visit = kind.visit(visitor).catch((error: unknown): Outcome => {
        if (generation.isRetired && isRefused(error)) return 'none'
        throw error
      })
      const outcomes = await within(visit, 'it was over', PATIENCE)
      for (const outcome of [outcomes].flat()) {
        if (kind.allowed.includes(outcome)) this.#tally.count(kind, outcome)
        else if (isExcused(outcome)) {
          this.#tally.count(kind, outcome, true)
          // A server that closes the connection need not answer the last of several requests on it.
          if (outcome === 'none' && kind.requests === undefined) {
            this.#excused.push({ kind, generation, token })
          }
        } else this.#tally.fail(kind, token, `came to ${outcome}${when()}`)
      }
    } catch (error) {
      this.#tally.fail(kind, token, `${String(error)}${when()}`)
    } finally {
      visitor.leave()
    }
  }

  /** Concurrent calls share one. */
  #reload(): Promise<void> {
    this.#reloading ??= this.#replace().finally(() => (this.#reloading = undefined))
    return this.#reloading
  }

  async #replace(): Promise<void> {
    const old = this.#generation
    await this.#open()
    await this.#close(old)
  }

  async #close(generation: Generation): Promise<void> {
    generation.isRetired = true
    generation.underWay = await this.#host.close(generation.port)
  }

  /** LIFE-4: what an application has begun to answer it does not drop because it is being closed. */
  #judgeExcuses(): void {
    for (const { kind, generation, token } of this.#excused.splice(0)) {
      if (!generation.underWay.has(token)) continue
      this.#tally.fail(kind, token, 'was under way when the application closed, and not answered')
    }
  }
}

/** Whether a connection was not made: no server listens, or it stopped before it accepted it. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return false
  return error.syscall === 'connect' && ['ECONNREFUSED', 'ECONNRESET'].includes(String(error.code))
}
