import assert from 'node:assert/strict'
import type { Test } from 'tap'
import { NO_HANG } from '../apps/application.js'
import type { Answer } from '../support/answer.js'
import { open, receive, send, type Sending } from '../support/client.js'
import type { Answers, Question } from './differences.js'
import type { MovingServer } from './moving-server.js'
import type { MovingSite } from './moving-site.js'
import type { Page } from './page.js'

/** A request of a guide. */
export interface Move {
  readonly path: string
  readonly sending?: Sending
  /** What tells it from another request to the same path. */
  readonly what?: string
  /** Whether other requests would change its answer, so that it is sent while there are none. */
  readonly isAlone?: true
}

/** The servers of a guide, the one that is left and ours, which have the same site. */
interface MovingServers {
  readonly site: MovingSite
  readonly there: MovingServer
  readonly here: MovingServer
}

/** What a guide promises. */
export interface Guide {
  /** Starts what the guide shows, and has it stopped after the test. */
  readonly start: (t: Test, page: Page) => Promise<MovingServers>
  /** What has to be the same before and after. */
  readonly same: readonly Move[]
  /** Where only the status has to be the same. */
  readonly sameStatus: readonly Move[]
  /** The part of an answer that has to be the same, of which the servers are no part. */
  readonly toComparable: (answer: Answer) => unknown
  /** The rows of the table "What differs", and what each is about. */
  readonly differences: Readonly<Record<string, Answers>>
  readonly questions: Readonly<Record<string, Question>>
}

/** Tries what a guide says of the move from another server. */
export function movingSuite(t: Test, page: Page, guide: Guide): void {
  let servers: MovingServers
  t.before(async () => {
    servers = await guide.start(t, page)
  })

  for (const move of guide.same) {
    void t.test(`moves ${titleOf(move)}`, { buffered: true, ...NO_HANG }, async () => {
      const { there, here } = servers
      const old = await send(there.port, move.path, move.sending)
      const ours = await send(here.port, move.path, move.sending)
      assert.ok(old.status === 200 || old.status === 206, `${old.status}`)
      assert.equal(ours.status, old.status)
      assert.deepEqual(guide.toComparable(ours), guide.toComparable(old))
      assert.deepEqual(ours.all('content-range'), old.all('content-range'))
      assert.deepEqual(ours.all('set-cookie'), old.all('set-cookie'))
    })
  }

  for (const move of guide.sameStatus) {
    const buffered = move.isAlone !== true
    void t.test(`moves the status of ${titleOf(move)}`, { buffered, ...NO_HANG }, async () => {
      const { there, here } = servers
      const [old, ours] = await Promise.all(
        [there, here].map(async ({ port }) => receive(await open(port, move.path, move.sending))),
      )
      assert.equal(ours?.status, old?.status)
      assert.notEqual(ours?.status, 200)
      assert.deepEqual(ours?.all('location'), old?.all('location'))
    })
  }

  void t.test(
    'lists the differences that are tried, and no other',
    { buffered: true },
    async () => {
      const rows = page.table('What differs').map(([what = '']) => what)
      assert.deepEqual(new Set(rows), new Set(Object.keys(guide.differences)))
    },
  )

  for (const [what, expected] of Object.entries(guide.differences)) {
    void t.test(`differs: ${what}`, { buffered: true, ...NO_HANG }, async () => {
      const { site, there, here } = servers
      const question = guide.questions[what]
      assert.ok(question)
      const [old, ours] = await Promise.all([question(there.port, site), question(here.port, site)])
      assert.match(old, expected[0])
      assert.match(ours, expected[1])
    })
  }
}

function titleOf({ path, sending, what }: Move): string {
  return `${sending?.method ?? 'GET'} ${path}${what === undefined ? '' : `, ${what}`}`
}
