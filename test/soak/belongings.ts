import { strict as assert } from 'node:assert'
import { readdirSync } from 'node:fs'
import { childrenOf, commandOf, descriptorsOf, processesWith, until } from '../support/processes.js'
import type { SoakSite } from './site.js'
import type { SoakedHost } from './soaked-host.js'

/** How many of each kind of thing a host has that has no application. */
export type Belongings = Readonly<Record<string, number>>

/**
 * Waits until nothing is left of what a host has done, and says what it has.
 *
 * @param before - more than this it must not have.
 * @throws that names what is left.
 */
export async function settle(
  host: SoakedHost,
  site: SoakSite,
  before?: Belongings,
): Promise<Belongings> {
  let left: string[] = []
  await until(async () => {
    left = await findRemains(host, site)
    return left.length === 0
  }, 'nothing is left').catch((cause: unknown) => {
    throw new Error(`left behind: ${left.join('; ')}`, { cause })
  })
  const { incidents } = await host.report()
  assert.deepEqual(incidents, [])
  let belongings = await take(host)
  if (before === undefined) return belongings
  let more: string[] = []
  await until(async () => {
    belongings = await take(host)
    more = findMore(belongings, before)
    return more.length === 0
  }, 'the host has no more than before').catch((cause: unknown) => {
    throw new Error(`more than before: ${more.join('; ')}`, { cause })
  })
  return belongings
}

/** What should be over. */
async function findRemains(host: SoakedHost, site: SoakSite): Promise<string[]> {
  const { running, queued, unended, ownChildren } = await host.report()
  const counted = { running, queued, unended, ownChildren }
  return [
    ...Object.entries(counted).flatMap(([name, count]) => (count === 0 ? [] : `${count} ${name}`)),
    ...childrenOf(host.pid).map((pid) => `child ${pid} ${commandOf(pid)}`),
    ...processesWith(site.mark).map((pid) => `process ${pid} ${commandOf(pid)}`),
    ...readdirSync(site.temporary).map((name) => `temporary file ${name}`),
  ]
}

async function take(host: SoakedHost): Promise<Belongings> {
  const { resources, listeners } = await host.report(true)
  const belongings: Record<string, number> = {}
  for (const target of descriptorsOf(host.pid)) {
    const name = `descriptor ${target.replace(/:\[\d+\]$/, '')}`
    belongings[name] = (belongings[name] ?? 0) + 1
  }
  for (const [name, count] of Object.entries(resources)) belongings[`resource ${name}`] = count
  for (const [name, count] of Object.entries(listeners)) belongings[`listener ${name}`] = count
  return belongings
}

function findMore(now: Belongings, before: Belongings): string[] {
  return Object.entries(now).flatMap(([name, count]) => {
    const had = before[name] ?? 0
    return count > had ? [`${name}: ${count}, and not ${had}`] : []
  })
}
