import type { CgiOptions } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Duplex, PassThrough } from 'node:stream'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import type { Answer } from '../../support/answer.js'
import {
  chunksOf,
  connectionOf,
  dial,
  open,
  openHttp2,
  openSession,
  send,
} from '../../support/client.js'
import { until } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'

/** More than the system buffers for a client that does not read. */
const LARGE = 12_000_000

const SCRIPTS = {
  'chunked.cgi': `printf 'Content-Type: text/plain\\n\\n'; exec head -c "$QUERY_STRING" /dev/zero`,
  'length.cgi': `
    printf 'Content-Type: text/plain\\nContent-Length: %s\\n\\n' "$QUERY_STRING"
    exec head -c "$QUERY_STRING" /dev/zero`,
  'nph-raw.cgi': `printf 'HTTP/1.1 200 OK\\r\\n\\r\\n'; exec head -c "$QUERY_STRING" /dev/zero`,
  'file.cgi': `printf 'X-Sendfile: large\\n\\n'`,
  'count.cgi': `size=$(wc -c); printf 'Content-Type: text/plain\\n\\n%s' "$size"`,
  'count-late.cgi': `
    read told < "$QUERY_STRING"
    printf 'Content-Type: text/plain\\n\\n'; exec wc -c`,
  'answer-first.cgi': `printf 'Content-Type: text/plain\\n\\nfirst\\n'; exec wc -c`,
  'events.cgi': `
    printf 'Content-Type: text/event-stream\\n\\ndata: first\\n\\n'
    read told < "$QUERY_STRING"
    printf 'data: second\\n\\n'`,
}

/** Clients that do not take what they have asked for, or do not send what they have announced. */
export function slowClientsSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  // Most of them wait for a time-out.
  void t.test(`LIM-1, LIM-4 (${adapter.name})`, { jobs: 4 }, async (t) => {
    function createFolder(t: Test): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      for (const [name, lines] of Object.entries(SCRIPTS)) {
        writeFileSync(path.join(folder, name), `#!/bin/sh\n${lines}\n`)
        chmodSync(path.join(folder, name), 0o755)
      }
      writeFileSync(path.join(folder, 'large'), Buffer.alloc(LARGE))
      return folder
    }

    async function start(t: Test, options: CgiOptions<never> = {}): Promise<RunningGateway> {
      const root = createFolder(t)
      const gateway = await adapter.start({ options: { root, sendfileRoots: [root], ...options } })
      t.after(() => gateway.close())
      return gateway
    }

    function createPipe(t: Test): string {
      const pipe = path.join(createFolder(t), 'pipe')
      execFileSync('mkfifo', [pipe])
      return pipe
    }

    /** Asks for something and takes nothing of it. Returns what waits for the end, and what had come. */
    async function takeNothing(
      t: Test,
      gateway: RunningGateway,
      url: string,
    ): Promise<() => Promise<number>> {
      if (gateway.httpVersion === 1) {
        const socket = await dial(gateway)
        t.after(() => socket.destroy())
        socket.pause()
        socket.write(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`)
        // The gateway closes the connection; unread bytes make that a reset.
        socket.on('error', () => {})
        return async () => {
          let received = 0
          socket.on('data', (chunk: Buffer) => (received += chunk.length))
          socket.resume()
          if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
          return received
        }
      }
      const session = openSession(gateway)
      t.after(() => session.destroy())
      const stream = await openHttp2(session, url)
      connectionOf(session).on('error', () => {})
      stream.on('error', () => {})
      return async () => {
        let received = 0
        stream.on('data', (chunk: Buffer) => (received += chunk.length))
        // Not once(): it fails.
        if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve))
        assert.notEqual(stream.rstCode, 0, 'it is no proper end')
        return received
      }
    }

    /** Asks for something and takes a kilobyte of it twice a second. Returns what leaves. */
    async function takeSlowly(t: Test, gateway: RunningGateway, url: string): Promise<() => void> {
      let stream: Duplex
      if (gateway.httpVersion === 1) {
        stream = await dial(gateway)
        stream.write(`GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`)
      } else {
        const session = openSession(gateway)
        t.after(() => session.destroy())
        stream = await openHttp2(session, url)
      }
      stream.on('error', () => {})
      // Without it, nothing comes before something is read.
      stream.on('readable', () => {})
      const interval = setInterval(() => {
        stream.read(Math.min(stream.readableLength, 1_000))
      }, 500)
      const leave = (): void => {
        clearInterval(interval)
        stream.destroy()
      }
      t.after(leave)
      return leave
    }

    const cutOff = (gateway: RunningGateway, reason: RegExp, url: string): Promise<unknown> =>
      gateway.logged((record) => {
        const about = String(record['url'] ?? record['script'])
        return reason.test(String(record['reason'])) && about.includes(url)
      })

    // The longest is the first: it waits ten seconds, beside the others.
    void t.test(
      'LIM-4 a client that is waited for and slow is cut off, and no other',
      { buffered: true },
      async (t) => {
        const gateway = await start(t)
        const intervals: NodeJS.Timeout[] = []
        t.after(() => intervals.forEach((each) => clearInterval(each)))

        /** Sends so many bytes twice a second. */
        function upload(
          url: string,
          bytes: number,
          fields: string[] = [],
        ): [PassThrough, Promise<Answer>] {
          const body = new PassThrough()
          const step = (): void => void body.write('x'.repeat(bytes))
          step()
          intervals.push(setInterval(step, 500))
          const answer = send(gateway, `/cgi-bin/${url}`, { method: 'POST', headers: fields, body })
          return [body, answer]
        }
        const length = ['Content-Length', '1000000']

        // Those that are not to be touched.
        const events = createPipe(t)
        const silent = await open(gateway, `/cgi-bin/events.cgi?${events}`)
        const next = chunksOf(silent)
        assert.match((await next()) ?? '', /first/)
        const late = createPipe(t)
        const paused = send(gateway, `/cgi-bin/count-late.cgi?${late}`, {
          method: 'POST',
          body: Buffer.alloc(2_000_000),
        })
        const [steadyBody, steady] = upload('count.cgi', 1_000)
        // Its system takes more at once than it reads in half a minute.
        const leave = await takeSlowly(t, gateway, `/cgi-bin/chunked.cgi?${LARGE}`)

        // Those that are.
        const [, stored] = upload('count.cgi', 10)
        const [, streamed] = upload('count.cgi', 10, length)
        const [, answered] = upload('answer-first.cgi', 10, length)
        const broken = assert.rejects(answered)
        // What the system of a client takes for it would be enough for longer, by the rate of the others.
        const hurried = await start(t, { minRate: 1_000_000 })
        const end = await takeNothing(t, hurried, `/cgi-bin/chunked.cgi?${LARGE}`)
        assert.equal((await stored).status, 408)
        assert.equal((await streamed).status, 408)
        await broken
        await cutOff(hurried, /receives less than 1000000 bytes/, 'chunked.cgi')
        assert.ok((await end()) < LARGE)
        assert.ok(!gateway.log.some((record) => /receives less/.test(String(record['reason']))))
        leave()
        await cutOff(gateway, /sends less than 240 bytes/, 'count.cgi')

        writeFileSync(events, '\n')
        assert.match((await next()) ?? '', /second/)
        writeFileSync(late, '\n')
        assert.equal(Number((await paused).text), 2_000_000)
        intervals.forEach((each) => clearInterval(each))
        steadyBody.end()
        assert.ok(Number((await steady).text) >= 1_000)
        await until(() => gateway.stats().running === 0, 'nothing runs')
        assert.equal(gateway.stats().abandoned, 4)
      },
    )

    // What the script has written before it ends is 4.6 MB: the system has taken some of it, we hold the rest.
    for (const [what, url] of [
      ['a script that goes on', `chunked.cgi?${LARGE}`],
      ['a script that has ended', 'chunked.cgi?4600000'],
      ['an answer with its length', `length.cgi?${LARGE}`],
      ['a file that a script names', 'file.cgi'],
    ] as const) {
      void t.test(
        `LIM-1 bodyTimeout holds until the client has all of ${what}`,
        { buffered: true },
        async (t) => {
          const gateway = await start(t, { bodyTimeout: 600, minRate: 0 })
          const end = await takeNothing(t, gateway, `/cgi-bin/${url}`)
          await cutOff(
            gateway,
            /received nothing for 600 ms|^after 600 ms/,
            url.split('?')[0] ?? '',
          )
          assert.ok((await end()) < LARGE)
          await until(() => gateway.stats().running === 0, 'nothing runs')
        },
      )
    }

    for (const size of [LARGE, 4_600_000]) {
      http1Test(
        t,
        `LIM-1 and of what a script writes itself (${size} bytes)`,
        async (t) => {
          const gateway = await start(t, { bodyTimeout: 600, minRate: 0 })
          const end = await takeNothing(t, gateway, `/cgi-bin/nph-raw.cgi?${size}`)
          await cutOff(gateway, /received nothing for 600 ms|^after 600 ms/, 'nph-raw.cgi')
          assert.ok((await end()) < LARGE)
        },
        { buffered: true },
      )
    }
  })
}
