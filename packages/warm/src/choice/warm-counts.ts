import type { WarmScript, WarmStats } from '@common-gateway/core/transport'
import type { ScriptRecord } from './script-record.js'

/** How many scripts the statistics have. */
const MOST_SCRIPTS = 100
/** How many reasons are counted apart. */
const MOST_REASONS = 50
const OTHER_REASONS = 'other reasons'

/** Counts the requests of a spawner. */
export class WarmCounts {
  #runs = 0
  #refused = 0
  readonly #plain = new Map<string, number>()

  countRun(): void {
    this.#runs += 1
  }

  countRefusal(): void {
    this.#refused += 1
  }

  /** @param reason - counted without its details, which follow a colon. */
  countPlain(reason: string): void {
    const [kind = ''] = reason.split(': ', 1)
    const isNew = !this.#plain.has(kind) && this.#plain.size >= MOST_REASONS
    const counted = isNew ? OTHER_REASONS : kind
    this.#plain.set(counted, (this.#plain.get(counted) ?? 0) + 1)
  }

  /**
   * @param servers - how many fork servers run.
   * @param records - the scripts, beginning with the one that ran last.
   */
  stats(servers: number, records: readonly ScriptRecord[]): WarmStats {
    return {
      servers,
      runs: this.#runs,
      refused: this.#refused,
      plain: Object.fromEntries(this.#plain),
      scripts: records.slice(0, MOST_SCRIPTS).map(describe),
    }
  }
}

function describe(record: ScriptRecord): WarmScript {
  const { script, language, runs, reason } = record
  const server = [...record.variants].map((variant) => variant.server).find((each) => each?.isReady)
  if (reason !== undefined) return { script, language, state: 'plain', reason, runs }
  if (server === undefined) return { script, language, state: 'learning', runs }
  return { script, language, state: 'warm', runs, pid: server.pid }
}
