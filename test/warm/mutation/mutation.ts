import type { Spawner } from '@common-gateway/core/transport'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom, type Random } from '../../soak/random.js'
import { runScript } from '../differential/script-run.js'
import { createWarmSpawner } from '../warm-spawners.js'
import { type MutableLanguage, MutableSite } from './mutable-site.js'

export interface MutationPlan {
  readonly requests: number
  /** There are more requests, up to ten times as many, until so many were warm: a busy machine starts fork servers slowly. */
  readonly leastWarm?: number
  readonly seed: number
  readonly languages: readonly MutableLanguage[]
  /** Mean time between two changes of one site, in milliseconds. */
  readonly interval: number
}

export interface MutationResult {
  readonly requests: number
  readonly changes: number
  readonly warm: number
  /** Answers that were made of something that was not there any more, and answers that failed. */
  readonly faults: readonly string[]
}

const SITES_PER_LANGUAGE = 2
const CONCURRENCY = 4
const FIXED = ['one', 'two']

/** Asks scripts while they, their modules and their variables change; looks for stale answers. */
export async function mutate({
  requests,
  leastWarm = 0,
  seed,
  languages,
  interval,
}: MutationPlan): Promise<MutationResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-mutation-'))
  const spawner = createWarmSpawner({ after: 1, max: 20 })
  const sites = languages.flatMap((language) =>
    Array.from({ length: SITES_PER_LANGUAGE }, (_, index) => {
      const place = path.join(folder, `${language}-${index}`)
      return new MutableSite(place, language)
    }),
  )
  const state = { asked: 0, changes: 0, warm: 0, faults: [] as string[] }
  const isOver = (): boolean =>
    state.asked >= requests && (state.warm >= leastWarm || state.asked >= 10 * requests)
  async function work(worker: number): Promise<void> {
    const files = path.join(folder, `files-${worker}`)
    mkdirSync(files)
    while (!isOver()) {
      state.asked += 1
      const random = createRandom(seed, state.asked)
      const { isWarm, fault } = await ask(spawner, random.pick(sites), {
        random,
        files,
        index: state.asked,
      })
      if (isWarm) state.warm += 1
      if (fault !== undefined) state.faults.push(fault)
    }
  }
  async function change(site: MutableSite, index: number): Promise<void> {
    for (let count = 0; !isOver(); count += 1) {
      const random = createRandom(seed + index + 1, count)
      await delay(random.below(2 * interval))
      if (isOver()) return
      site.mutate(random)
      state.changes += 1
    }
  }
  try {
    await Promise.all([
      ...Array.from({ length: CONCURRENCY }, (_, worker) => work(worker)),
      ...sites.map((site, index) => change(site, index)),
    ])
  } finally {
    await spawner.close?.()
    rmSync(folder, { recursive: true, force: true })
  }
  return { requests: state.asked, changes: state.changes, warm: state.warm, faults: state.faults }
}

interface Question {
  readonly random: Random
  readonly files: string
  readonly index: number
}

async function ask(
  spawner: Spawner,
  { script, folder, variables, histories }: MutableSite,
  { random, files, index }: Question,
): Promise<{ readonly isWarm: boolean; readonly fault: string | undefined }> {
  const fixed = random.pick(FIXED)
  const since = Object.entries(histories).map(([name, history]) => ({
    name,
    history,
    from: history.now,
  }))
  const environment = {
    PATH: '/usr/bin:/bin',
    PYTHONDONTWRITEBYTECODE: '1',
    FIXED: fixed,
    QUERY_STRING: String(index),
    ...variables,
  }
  const { isWarm, result } = await runScript(spawner, {
    command: [script],
    cwd: folder,
    environment,
    body: undefined,
    files,
  })
  const told = new Map(
    result.output
      .trim()
      .split(' ')
      .map((text): [string, string] => {
        const [name = '', value = ''] = text.split('=')
        return [name, value]
      }),
  )
  const isFresh =
    told.get('fixed') === fixed &&
    told.get('query') === String(index) &&
    since.every(({ name, history, from }) => history.held(told.get(name) ?? '', from))
  if (isFresh) return { isWarm, fault: undefined }
  const wanted = since.map(({ name, history, from }) => `${name}>=${from} (now ${history.current})`)
  const kind = isWarm ? 'warm' : 'plain'
  return {
    isWarm,
    fault: `${kind}: ${result.output.trim()} ${result.errors.slice(-300)}; ${wanted.join(' ')}`,
  }
}
