import { strict as assert } from 'node:assert'
import { readdirSync, renameSync, symlinkSync } from 'node:fs'
import type { Test } from 'tap'
import type { Adapter } from '../support/adapters.js'
import { leave, open, send } from '../support/client.js'
import { saying } from '../support/fixtures.js'
import { within } from '../support/forked-process.js'
import { type HostProcess, startHostProcess, untilSteady } from '../support/host-process.js'
import {
  childrenOf,
  commandOf,
  descriptorsOf,
  isRunning,
  processesWith,
  until,
} from '../support/processes.js'
import { type Attack, Attacker, carryOut } from './attack.js'
import { connectionAttacks, leavingAttacks, queueAttack } from './connections.js'
import { http2Attacks, http2QueueAttack } from './http2.js'
import { requestAttacks } from './requests.js'
import { rawScriptAttacks, scriptAttacks } from './scripts.js'
import { createSite, type Site } from './site.js'

const MEGABYTE = 1024 * 1024
/** How much larger than before a host may be that has been attacked. */
const MOST_GROWTH = 32 * MEGABYTE
/** How many attacks go on at once. */
const AT_ONCE = 8

/** What a host has. */
interface Belongings {
  readonly children: readonly number[]
  readonly descriptors: number
  readonly residentBytes: number
}

/** Attacks a host of this kind, and looks at what is left of it. */
export function attackSuite(t: Test, adapter: Adapter): void {
  const isHttp2 = adapter.httpVersion === 2
  const attacks = isHttp2
    ? [...scriptAttacks, ...http2Attacks]
    : [...requestAttacks, ...scriptAttacks, ...rawScriptAttacks, ...connectionAttacks]

  void t.test(`the attack (${adapter.name})`, async (t) => {
    void t.test('LIFE-1 leaves nothing behind', async (t) => {
      const { host, site } = await start(t, adapter)
      const round = async (): Promise<void> => {
        await carryOutAll(attacks, host, site)
        await carryOutAll([isHttp2 ? http2QueueAttack : queueAttack], host, site)
      }
      await assertUnharmed(t, host, site, round)
    })

    void t.test(
      'MAP-4 a folder that becomes a link that leaves the root while a request waits',
      async (t) => {
        const { host, site } = await start(t, adapter, { maxProcesses: 1 })
        const attacker = new Attacker(host, site)
        t.after(() => attacker.close())
        const holding = open(host, '/cgi-bin/stream-until-told.cgi')
        await attacker.untilBusy('running', 1)
        const waiting = send(host, '/cgi-bin/swapped/script.cgi')
        await attacker.untilBusy('queued', 1)
        renameSync(site.inside, `${site.inside}-away`)
        symlinkSync(site.outside, site.inside)
        leave(await holding)
        assert.equal((await within(waiting, 'the request was answered')).status, 403)
        assert.equal(site.timesOutside(), 0)
      },
    )

    if (isHttp2) return
    void t.test('LIFE-1 leaves nothing behind where scripts outlive their clients', async (t) => {
      const { host, site } = await start(t, adapter, { killOnDisconnect: false })
      await assertUnharmed(t, host, site, () => carryOutAll(leavingAttacks, host, site))
    })
  })
}

async function start(
  t: Test,
  adapter: Adapter,
  options: object = {},
): Promise<{ host: HostProcess; site: Site }> {
  const site = createSite()
  t.after(() => site.remove())
  const environment = { TMPDIR: site.temporary }
  const host = await startHostProcess(adapter, { ...site.options, ...options }, environment)
  t.after(() => host.stop())
  return { host, site }
}

async function carryOutAll(attacks: readonly Attack[], host: HostProcess, site: Site) {
  const left = attacks.values()
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    for (const attack of left) {
      try {
        await carryOut(attack, host, site)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'))
}

async function take(host: HostProcess): Promise<Belongings> {
  const { pid } = host
  // The client's last connections may not have been closed on the other side yet.
  let descriptors = descriptorsOf(pid).length
  await until(() => {
    const last = descriptors
    descriptors = descriptorsOf(pid).length
    return last === descriptors
  }, 'no descriptor comes or goes')
  return {
    children: childrenOf(pid),
    descriptors,
    residentBytes: await untilSteady(() => host.resident()),
  }
}

/** Asserts that a round of attacks leaves nothing; what the first one loads and compiles is not growth. */
async function assertUnharmed(
  t: Test,
  host: HostProcess,
  site: Site,
  round: () => Promise<void>,
): Promise<void> {
  await round()
  await assertAtRest(host, site)
  const before = await take(host)
  await round()
  assert.equal((await send(host, '/plain?alive')).text, 'plain GET alive')
  assert.equal((await send(host, saying('Status: 200\n\nalive'))).text, 'alive')
  assert.ok(isRunning(host.pid))
  await assertAtRest(host, site)
  await until(
    () => childrenOf(host.pid).length <= before.children.length,
    `no child is left, nor a zombie`,
  )
  await until(
    () => descriptorsOf(host.pid).length <= before.descriptors,
    'no descriptor is left',
  ).catch((cause: unknown) => {
    throw new Error(`left: ${descriptorsOf(host.pid).join('; ')}`, { cause })
  })
  assert.deepEqual(readdirSync(site.temporary), [], 'no temporary file is left')
  const limit = before.residentBytes + MOST_GROWTH
  let resident = 0
  await until(async () => {
    resident = await untilSteady(() => host.resident())
    return resident < limit
  }, 'the memory is back where it was')
  const { incidents } = await host.report()
  assert.deepEqual(incidents, [])
  const growth = ((resident - before.residentBytes) / MEGABYTE).toFixed(1)
  t.comment(
    `children ${childrenOf(host.pid).length}, descriptors ${before.descriptors} -> ` +
      `${descriptorsOf(host.pid).length}, temporary files 0, memory ${growth} MB more than ` +
      `${(before.residentBytes / MEGABYTE).toFixed(0)} MB`,
  )
}

/** Asserts that all scripts end, and all that they have started. */
async function assertAtRest(host: HostProcess, site: Site): Promise<void> {
  const counted = async (): Promise<boolean> => {
    const { running, queued } = await host.report()
    return running === 0 && queued === 0
  }
  await until(counted, 'no script runs, and none is waited for').catch((error: unknown) => {
    const left = processesWith(site.mark).map((pid) => commandOf(pid))
    throw new Error(`left: ${left.join('; ')}`, { cause: error })
  })
  await until(
    () => processesWith(site.mark).length === 0,
    'nothing is left that scripts have started',
  )
}
