import type { CommandLine } from '../script/command-line.js'
import type { WarmSettings } from '../options/options.js'
import { ScriptRecord } from './script-record.js'

/** How many scripts are remembered. */
const MOST_SCRIPTS = 1_000

/** The scripts that ran last. */
export class ScriptRecords {
  readonly #settings: WarmSettings
  /** The one that ran last comes last. */
  readonly #records = new Map<string, ScriptRecord>()

  constructor(settings: WarmSettings) {
    this.#settings = settings
  }

  /** The scripts, beginning with the one that ran last. */
  get latest(): readonly ScriptRecord[] {
    return [...this.#records.values()].toReversed()
  }

  get all(): Iterable<ScriptRecord> {
    return this.#records.values()
  }

  /** The record of the script that a command runs. */
  find({ command, script }: CommandLine): ScriptRecord {
    const key = command.join('\0')
    const record = this.#records.get(key) ?? new ScriptRecord(script, this.#settings)
    this.#records.delete(key)
    this.#records.set(key, record)
    if (this.#records.size > MOST_SCRIPTS) this.#forgetOldest()
    return record
  }

  #forgetOldest(): void {
    for (const [key, record] of this.#records) {
      for (const { server } of record.variants) server?.retire('other scripts ran since')
      this.#records.delete(key)
      return
    }
  }
}
