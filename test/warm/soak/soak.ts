import { warm } from '@common-gateway/warm'
import type { CgiRun } from '@common-gateway/core'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createRandom, type Random } from '../../soak/random.js'
import { nodeHttp, type RunningGateway } from '../../support/adapters.js'
import { childrenOf, descriptorsOf } from '../../support/processes.js'

export interface WarmSoakPlan {
  readonly requests: number
  readonly seed: number
  /** One in so many requests is followed by a SIGKILL to a fork server. */
  readonly requestsPerKill: number
  /** Called after each thousand requests. */
  readonly onProgress?: (result: WarmSoakResult) => void
}

export interface WarmSoakResult {
  readonly requests: number
  readonly warm: number
  readonly kills: number
  /** Exits that the system told nobody but the fork server that was killed. */
  readonly unknownExits: number
  readonly faults: readonly string[]
}

const FIXTURES = fileURLToPath(new URL('../../../fixtures/warm/soak', import.meta.url))
const CONCURRENCY = 6
const BODY = 'x'.repeat(10_000)
/** Three of each repeated seed. */
const MOST_REPEATED = 3
const SETTLING = { interval: 50, limit: 10_000 } as const

/** Sends requests to scripts whose fork servers are killed at random; looks at each answer and at all that is left. */
export async function soakWarm(plan: WarmSoakPlan): Promise<WarmSoakResult> {
  const root = mkdtempSync(path.join(tmpdir(), 'common-gateway-warm-'))
  const scripts = readdirSync(FIXTURES).toSorted()
  for (const name of scripts) copyFileSync(path.join(FIXTURES, name), path.join(root, name))
  await delay(2_100)
  const before = {
    children: childrenOf(process.pid).length,
    descriptors: descriptorsOf(process.pid).length,
  }
  const gateway = await nodeHttp.start({ options: { root, spawner: warm({ after: 1 }) } })
  const soak = new Soak(plan, gateway, scripts)
  const onEnd = (run: unknown): void => soak.countExit(run as CgiRun)
  subscribe('common-gateway:run:end', onEnd)
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, () => soak.work()))
    await settle(() => gateway.stats().running === 0)
    soak.checkStats()
  } finally {
    await gateway.close()
    unsubscribe('common-gateway:run:end', onEnd)
    rmSync(root, { recursive: true, force: true })
  }
  await settle(() => childrenOf(process.pid).length <= before.children)
  const children = childrenOf(process.pid).length - before.children
  if (children > 0) soak.faults.push(`${children} processes are left`)
  await settle(() => descriptorsOf(process.pid).length <= before.descriptors)
  // The connections of fetch() are kept for a while.
  const descriptors = descriptorsOf(process.pid).length - before.descriptors
  if (descriptors > CONCURRENCY) soak.faults.push(`${descriptors} descriptors are left`)
  return soak
}

async function settle(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds() && waited < SETTLING.limit; waited += SETTLING.interval) {
    await delay(SETTLING.interval)
  }
}

class Soak implements WarmSoakResult {
  requests = 0
  warm = 0
  kills = 0
  unknownExits = 0
  readonly faults: string[] = []
  readonly #plan: WarmSoakPlan
  readonly #gateway: RunningGateway
  readonly #scripts: readonly string[]
  readonly #seen = new Set<string>()
  #exits = 0
  #repeated = 0

  constructor(plan: WarmSoakPlan, gateway: RunningGateway, scripts: readonly string[]) {
    this.#plan = plan
    this.#gateway = gateway
    this.#scripts = scripts
  }

  async work(): Promise<void> {
    const { requests, seed, requestsPerKill, onProgress } = this.#plan
    while (this.requests < requests) {
      this.requests += 1
      const index = this.requests
      const random = createRandom(seed, index)
      if (random.below(requestsPerKill) === 0) this.#kill(random)
      await this.#ask(random.pick(this.#scripts), `request-${index}`)
      if (index % 1_000 === 0) onProgress?.(this)
    }
  }

  countExit({ isWarm, exitCode, signal }: CgiRun): void {
    this.#exits += 1
    if (isWarm) this.warm += 1
    if (isWarm && exitCode === null && signal === null) this.unknownExits += 1
    else if (exitCode !== 0) this.faults.push(`exit ${exitCode}, ${signal}, warm ${isWarm}`)
  }

  checkStats(): void {
    const { running, queued, started } = this.#gateway.stats()
    if (running > 0 || queued > 0)
      this.faults.push(`${running} slots are lost, ${queued} requests wait`)
    if (this.#exits !== this.requests || started !== this.requests) {
      this.faults.push(`${this.requests} requests, ${started} starts, ${this.#exits} exits`)
    }
    if (this.#repeated > MOST_REPEATED + this.requests / 2_000) {
      this.faults.push(`${this.#repeated} random numbers of perl are the same`)
    }
    if (this.unknownExits > this.kills * CONCURRENCY) {
      this.faults.push(`${this.unknownExits} unknown exits by ${this.kills} kills`)
    }
  }

  /** Kills a fork server, as the system does when memory is short. */
  #kill(random: Random): void {
    const scripts = this.#gateway.stats().warm?.scripts ?? []
    // A script whose fork servers have ended three times has none for ten minutes, unless it changes.
    for (const { script, state } of scripts) {
      if (state === 'plain') utimesSync(script, new Date(), new Date())
    }
    const warmScripts = scripts.filter(({ pid }) => pid !== undefined)
    if (warmScripts.length === 0) return
    const { pid } = random.pick(warmScripts)
    if (pid === undefined) return
    try {
      process.kill(pid, 'SIGKILL')
      this.kills += 1
    } catch {
      // It has just ended by itself.
    }
  }

  async #ask(name: string, token: string): Promise<void> {
    try {
      const method = name.startsWith('child') ? { method: 'POST', body: BODY } : {}
      const response = await fetch(`${this.#gateway.origin}/cgi-bin/${name}?${token}`, method)
      const [told, ...lines] = (await response.text()).split('\n')
      if (response.status !== 200 || told !== token || lines.length < 2) {
        this.faults.push(`${name}: ${response.status} ${told} instead of ${token}`)
      }
      if (name.startsWith('unique')) this.#checkUnique(name, lines.slice(0, -2))
    } catch (error) {
      this.faults.push(`${name} ${token}: ${String(error)}`)
    }
  }

  #checkUnique(name: string, values: readonly string[]): void {
    for (const value of values) {
      if (!this.#seen.has(value)) this.#seen.add(value)
      // perl seeds its generator with 32 bits, so a plain run repeats a number now and then, too.
      else if (name.endsWith('.pl')) this.#repeated += 1
      else this.faults.push(`${name}: ${value} twice`)
    }
  }
}
