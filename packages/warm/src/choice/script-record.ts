import { signatureOf } from '../script/file-signature.js'
import type { Language } from '../script/command-line.js'
import { Variant } from './variant.js'
import type { WarmSettings } from '../options/options.js'

/** How long a script is started plainly for one reason, in milliseconds, unless its content changes. */
const VERDICT_DURATION = 600_000
/** How often its content is looked at meanwhile, in milliseconds. */
const CHECK_INTERVAL = 1_000

/** Why a script has no fork server. */
interface Verdict {
  readonly reason: string
  /** Of its content. */
  readonly signature: string
  readonly end: number
  nextCheck: number
}

/** What is known about one script. */
export class ScriptRecord {
  /** Absolute path; a byte string. */
  readonly script: string
  language: Language | undefined
  /** Requests that its fork servers ran. */
  runs = 0
  readonly #settings: WarmSettings
  #variants = new Map<string, Variant>()
  #verdict: Verdict | undefined

  constructor(script: string, settings: WarmSettings) {
    this.script = script
    this.#settings = settings
  }

  get variants(): Iterable<Variant> {
    return this.#variants.values()
  }

  /** Why it is started plainly, whatever its variables are. */
  get reason(): string | undefined {
    return this.#verdict?.reason
  }

  /** The same, as long as it holds. */
  currentReason(now: number): string | undefined {
    const verdict = this.#verdict
    if (verdict === undefined) return undefined
    if (now < verdict.nextCheck) return verdict.reason
    verdict.nextCheck = now + CHECK_INTERVAL
    if (now < verdict.end && signatureOf(this.script) === verdict.signature) return verdict.reason
    this.#verdict = undefined
    this.#variants = new Map()
    return undefined
  }

  /** From now on it is started plainly. */
  judge(reason: string): void {
    for (const { server } of this.#variants.values()) server?.retire(reason)
    const now = performance.now()
    this.#verdict = {
      reason,
      signature: signatureOf(this.script),
      end: now + VERDICT_DURATION,
      nextCheck: now + CHECK_INTERVAL,
    }
  }

  /** The variant with a key; undefined where there are too many. */
  variant(key: string): Variant | undefined {
    const known = this.#variants.get(key)
    if (known !== undefined) return known
    const { max, after, idleTimeout } = this.#settings
    if (this.#variants.size >= max) return undefined
    const variant = new Variant(after, idleTimeout === 0 ? Number.POSITIVE_INFINITY : idleTimeout)
    this.#variants.set(key, variant)
    return variant
  }
}
