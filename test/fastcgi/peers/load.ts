import type { CgiOptions } from '@common-gateway/core'
import type { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { nodeHttp, type RunningGateway } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { APPLICATIONS } from './programs.js'

/** What became of the requests of a load. */
export interface Tally {
  readonly sent: number
  /** By the status of their answers, 0 for those that were cut. */
  readonly statuses: ReadonlyMap<number, number>
  /** How many were not answered by 200. */
  readonly lost: number
  /** How many were done more than once. */
  readonly twice: number
  /** How many were answered by 200 and were not done. */
  readonly forged: number
}

/** A gateway whose requests each leave one line in a file. */
export interface Load {
  readonly gateway: RunningGateway
  /** Sends requests, so many at a time, until it is stopped or has sent so many. */
  run(method: string, options: LoadOptions): Promise<Tally>
}

interface LoadOptions {
  readonly requests: number
  readonly clients?: number
  /** Sent with each; names and values alternate. */
  readonly headers?: readonly string[]
  /** Called when so many have been sent. */
  readonly events?: Readonly<Record<number, () => unknown>>
}

/** Starts a gateway for `app.php`, whose action `count` leaves a line for each time that it is done. */
export async function startLoad(
  t: Test,
  php: ReturnType<typeof fastcgi>,
  more: CgiOptions<never> = {},
): Promise<Load> {
  const file = path.join(createTemporaryFolder(t), 'count')
  writeFileSync(file, '')
  // The application is another user's.
  chmodSync(file, 0o666)
  const gateway = await nodeHttp.start({
    options: {
      root: APPLICATIONS,
      interpreters: { '.php': php },
      env: { COUNT_FILE: file },
      ...more,
    },
  })
  t.after(() => gateway.close())
  let runs = 0
  return {
    gateway,
    async run(method, { requests, clients = 8, headers = [], events = {} }) {
      runs += 1
      const statuses = new Map<number, number>()
      const good = new Set<string>()
      let sent = 0
      const happened: unknown[] = []
      const client = async (): Promise<void> => {
        while (sent < requests) {
          sent += 1
          const event = events[sent]
          if (event !== undefined) happened.push(event())
          const name = `${runs}-${sent}`
          const body = method === 'POST' ? { body: name } : {}
          const target = `/cgi-bin/app.php/count/${name}`
          const status = await send(gateway, target, { method, headers, ...body }).then(
            (answer) => answer.status,
            () => 0,
          )
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          if (status === 200) good.add(name)
        }
      }
      await Promise.all(Array.from({ length: clients }, client))
      await Promise.all(happened)
      const done = readFileSync(file, 'utf8').split('\n')
      const times = new Map<string, number>()
      for (const name of done) times.set(name, (times.get(name) ?? 0) + 1)
      return {
        sent,
        statuses,
        lost: sent - good.size,
        twice: [...times.keys()].filter(
          (name) => name.startsWith(`${runs}-`) && (times.get(name) ?? 0) > 1,
        ).length,
        forged: [...good].filter((name) => !times.has(name)).length,
      }
    },
  }
}

/** Nothing lost, nothing done twice. */
export function assertWhole({ sent, lost, twice, forged, statuses }: Tally, what: string): void {
  const found = `${what}: of ${sent}, ${JSON.stringify([...statuses])}`
  assert.deepEqual({ lost, twice, forged }, { lost: 0, twice: 0, forged: 0 }, found)
}
