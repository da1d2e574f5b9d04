import type {
  ScriptCall,
  ScriptFinder,
  ScriptStreams,
  Slots,
  Transport,
  UpstreamStats,
} from '@common-gateway/core/transport'
import type { EnvironmentMap } from './environment.js'
import { type RunSettings, UpstreamRun } from './upstream/upstream-run.js'
import type { UpstreamGroup } from './upstream/upstream-group.js'

/** What the transport of one gateway is made of. */
export interface TransportParts {
  readonly group: UpstreamGroup
  readonly settings: RunSettings
  /** Undefined where scripts are files here. */
  readonly finder: ScriptFinder | undefined
  readonly needsExecutable: boolean
  /** Undefined where the variables of the gateway are those of the application. */
  readonly mapEnvironment: EnvironmentMap | undefined
  /** Called before the first request. */
  readonly acquire: () => void
  /** Called once after `acquire`, when the gateway is closed. */
  readonly release: () => Promise<void>
}

/** The transport of one gateway. */
export class UpstreamTransport implements Transport {
  readonly inheritsEnvironment = false
  readonly needsBodyLength = true
  readonly needsExecutable: boolean
  declare readonly finder?: ScriptFinder
  declare readonly mapEnvironment?: EnvironmentMap
  readonly slots: Slots
  readonly #parts: TransportParts
  #isAcquired = false

  constructor(parts: TransportParts) {
    this.#parts = parts
    this.slots = parts.group.slots
    this.needsExecutable = parts.needsExecutable
    if (parts.finder !== undefined) this.finder = parts.finder
    if (parts.mapEnvironment !== undefined) this.mapEnvironment = parts.mapEnvironment
  }

  async open({ environment, body, signal, queueTime }: ScriptCall): Promise<ScriptStreams> {
    const { group, settings, acquire } = this.#parts
    if (!this.#isAcquired) {
      this.#isAcquired = true
      acquire()
    }
    const run = new UpstreamRun(group, { environment, body, signal, queueTime }, settings)
    await run.start()
    return run
  }

  stats(): readonly UpstreamStats[] {
    return this.#parts.group.upstreams.map((upstream) => upstream.stats())
  }

  async close(): Promise<void> {
    if (!this.#isAcquired) return
    this.#isAcquired = false
    await this.#parts.release()
  }
}
