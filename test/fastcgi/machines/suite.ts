import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { assertWhole, type Load, startLoad, type Tally } from '../peers/load.js'
import { startPhpFpm } from '../peers/programs.js'
import { CHILDREN, EVENTS, type MachineEvent, METHODS } from './events.js'
import { type Machine, makeMachine } from './machine.js'
import { type Row, ROWS_FILE } from './row.js'

const CLIENTS = 16
const REQUESTS = 1_000
const LONGEST_RECOVERY = 2_000

const nameOf = ({ name }: MachineEvent, method: string): string => `UP-5 UP-7 ${name}, ${method}`

/** Two machines with php-fpm behind one gateway, each event under a load of each method. */
export async function machinesSuite(t: Test): Promise<void> {
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  const machine = await makeMachine(t, 1)
  const other = await makeMachine(t, 2)
  const php = await startPhpFpm(t, { listening: machine, children: CHILDREN })
  const { address } = await startPhpFpm(t, { listening: other, children: CHILDREN })
  const server = fastcgi({
    address: [php.address, address],
    maxConnections: CHILDREN,
    connectTimeout: 1_000,
    retry: 'safe',
  })
  const load = await startLoad(t, server, { headersTimeout: 4_000 })
  backlogSuite(t, machine)
  const rows: Row[] = []
  for (const event of EVENTS) {
    for (const method of METHODS) {
      void t.test(nameOf(event, method), { timeout: 120_000 }, async (t) => {
        const events = { [REQUESTS / 4]: () => event.happen(machine, php) }
        const tally = await load.run(method, { requests: REQUESTS, clients: CLIENTS, events })
        await event.mend(machine, php)
        const row = toRow(event, method, tally, await recover(load))
        rows.push(row)
        t.comment(JSON.stringify(row))
        assert.ok(tally.lost <= event.most[method], `${tally.lost} are lost`)
        assert.equal(tally.forged, 0)
        // With `retry: 'safe'` a GET goes to another machine where the first has done it and has not answered.
        if (method !== 'GET') assert.equal(tally.twice, 0)
        assert.ok(row.back < LONGEST_RECOVERY, `${row.back} ms`)
      })
    }
  }
  t.after(() => {
    const file = process.env[ROWS_FILE]
    if (file !== undefined) writeFileSync(file, JSON.stringify(rows))
  })
}

const backlogName = (method: string): string =>
  `UP-6 20 at once on one child with a backlog of 2, by a network, ${method}: all are answered`

/** As in `php-load.test.ts`, but by packets of 1,500 bytes, several of which make a request. */
function backlogSuite(t: Test, machine: Machine): void {
  for (const method of METHODS) {
    void t.test(backlogName(method), { timeout: 120_000 }, async (t) => {
      const { address } = await startPhpFpm(t, { listening: machine, children: 1, backlog: 2 })
      const load = await startLoad(t, fastcgi({ address }))
      const headers = ['Cookie', `name=${'c'.repeat(4_000)}`]
      assertWhole(await load.run(method, { requests: 100, clients: 20, headers }), method)
    })
  }
}

/** The same cases, where the system has no namespaces: each says why it shows nothing. */
export function forbiddenSuite(t: Test, reason: string): void {
  const events = EVENTS.flatMap((event) => METHODS.map((method) => nameOf(event, method)))
  for (const name of [...METHODS.map(backlogName), ...events]) {
    void t.test(name, async (t) => {
      t.comment(`not shown: this system allows no namespaces (${reason})`)
    })
  }
}

/** After how many ms all upstreams are up, under a light load. */
async function recover(load: Load): Promise<number> {
  const start = performance.now()
  for (let tries = 0; tries < 500; tries += 1) {
    const upstreams = load.gateway.stats().upstreams ?? []
    if (upstreams.every(({ state }) => state === 'up')) return Math.round(performance.now() - start)
    await load.run('GET', { requests: 4, clients: 4 })
    await delay(20)
  }
  return Number.POSITIVE_INFINITY
}

function toRow({ name }: MachineEvent, method: string, tally: Tally, back: number): Row {
  const { sent, statuses, twice } = tally
  const lost = Object.fromEntries([...statuses].filter(([status]) => status !== 200))
  return { event: name, method, sent, lost, twice, back }
}
