import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { constants, type ClientHttp2Stream } from 'node:http2'
import { openHttp2 } from '../support/client.js'
import { saying } from '../support/fixtures.js'
import {
  data,
  FRAME,
  frame,
  headerBlock,
  literal,
  postHeaders,
  preface,
  reset,
} from '../support/http2-frames.js'
import type { Attack } from './attack.js'

const { NGHTTP2_CANCEL } = constants

/** Streams have odd numbers. */
const STREAMS = Array.from({ length: 100 }, (_, index) => 2 * index + 1)

/**
 * What is sent on a connection, which is then reset, whatever the host has done by then. Not among it:
 * DATA on a stream that was never opened. Node.js 20 never closes such a connection, gateway or not.
 */
const FLOODS: readonly (readonly [name: string, source: string, frames: () => Buffer[]])[] = [
  [
    'streams that are reset at once',
    'CVE-2023-44487',
    () =>
      Array.from({ length: 1_000 }, (_, index) => 2 * index + 1).flatMap((stream) => [
        postHeaders('/cgi-bin/hang.cgi', stream),
        reset(NGHTTP2_CANCEL, stream),
      ]),
  ],
  [
    'a header that continues without end',
    'CVE-2024-27316; CVE-2024-27983',
    () => [
      frame(FRAME.headers, 0, 1, headerBlock('/cgi-bin/report.cgi')),
      ...Array.from({ length: 2_000 }, (_, index) =>
        frame(FRAME.continuation, 0, 1, literal(`x-${index}`, 'y'.repeat(100))),
      ),
    ],
  ],
  [
    'continuations that are empty',
    'CVE-2024-27316',
    () => [
      frame(FRAME.headers, 0, 1, headerBlock('/cgi-bin/report.cgi')),
      ...Array.from({ length: 5_000 }, () => frame(FRAME.continuation, 0, 1, [])),
    ],
  ],
  [
    'ten thousand pings',
    'CVE-2019-9512',
    () => Array.from({ length: 10_000 }, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  ],
  [
    'ten thousand settings',
    'CVE-2019-9515',
    () => Array.from({ length: 10_000 }, () => frame(FRAME.settings, 0, 0, [])),
  ],
  [
    'ten thousand priorities',
    'CVE-2019-9513',
    () => Array.from({ length: 10_000 }, () => frame(FRAME.priority, 0, 1, [0, 0, 0, 3, 1])),
  ],
  [
    'data that is empty',
    'CVE-2019-9518',
    () => [postHeaders('/cgi-bin/digest.cgi'), ...Array.from({ length: 10_000 }, () => data(''))],
  ],
  [
    'names that are empty',
    'CVE-2019-9516',
    () => [
      frame(FRAME.headers, 4, 1, [
        ...headerBlock('/cgi-bin/report.cgi'),
        ...Array.from({ length: 1_000 }, () => literal('', '')).flat(),
      ]),
    ],
  ],
  [
    'bodies that never end',
    'RFC 9113 section 10.5',
    () =>
      STREAMS.flatMap((stream) => [
        postHeaders('/cgi-bin/digest.cgi', stream),
        data('half', stream),
      ]),
  ],
  [
    'more data than the windows have room for',
    'RFC 9113 section 5.2',
    () => [
      postHeaders('/cgi-bin/read-little.cgi'),
      ...Array.from({ length: 20 }, () => data('x'.repeat(16_384))),
    ],
  ],
  [
    'half a frame',
    'RFC 9113 section 4.1',
    () => [postHeaders('/cgi-bin/digest.cgi').subarray(0, 20)],
  ],
  [
    'half of the data of a frame',
    'RFC 9113 section 4.1',
    () => [postHeaders('/cgi-bin/digest.cgi'), data('x'.repeat(1_000)).subarray(0, 100)],
  ],
]

const floods = FLOODS.map(
  ([name, source, frames]): Attack => ({
    name,
    source,
    async run(attacker) {
      const socket = await attacker.dial()
      const closed = new Promise((resolve) => socket.once('close', resolve))
      // What the host answers is not read, so that it has to keep it.
      socket.pause()
      await attacker.say(socket, Buffer.concat([preface(), ...frames()]))
      socket.resetAndDestroy()
      await closed
    },
  }),
)

/** RFC 9113 section 6.5.2: SETTINGS_INITIAL_WINDOW_SIZE is 0. */
const NO_WINDOW = [0, 4, 0, 0, 0, 0]

/** What a client of HTTP/2 can do that one of HTTP/1.1 cannot. */
export const http2Attacks: readonly Attack[] = [
  ...floods,
  {
    name: 'a window that stays shut',
    source: 'CVE-2019-9511; CVE-2019-9517',
    async run(attacker) {
      const socket = await attacker.dial()
      const requests = STREAMS.slice(0, 12).map((stream) =>
        Buffer.concat([
          postHeaders('/cgi-bin/zeros.cgi?50000000', stream),
          frame(FRAME.data, 1, stream, []),
        ]),
      )
      await attacker.say(socket, Buffer.concat([preface(NO_WINDOW), ...requests]))
      await attacker.untilBusy('running', 12)
      socket.resetAndDestroy()
    },
  },
  {
    name: 'a window that opens byte by byte',
    source: 'CVE-2019-9511',
    async run(attacker) {
      const socket = await attacker.dial()
      const request = [postHeaders('/cgi-bin/zeros.cgi?1000'), frame(FRAME.data, 1, 1, [])]
      const opened = Array.from({ length: 500 }, () =>
        frame(FRAME.windowUpdate, 0, 1, [0, 0, 0, 1]),
      )
      await attacker.say(socket, Buffer.concat([preface(NO_WINDOW), ...request, ...opened]))
      await once(socket, 'data')
      socket.resetAndDestroy()
    },
  },
  {
    name: 'fields that are none',
    source: 'RFC 9113 section 8.2.1',
    async run(attacker) {
      for (const [name, value] of [
        ['x', 'a\r\nx: b'],
        ['x', 'a\0b'],
        ['X-Upper', 'a'],
        ['connection', 'close'],
        ['transfer-encoding', 'chunked'],
        [':path', '/plain'],
        ['content-length', '7'],
      ] as const) {
        const socket = await attacker.dial()
        const block = [...headerBlock('/cgi-bin/report.cgi'), ...literal(name, value)]
        const head = frame(FRAME.headers, 5, 1, block)
        // An answer that begins `:status 200` has this byte first in its block (RFC 7541 appendix A).
        const chunks: Buffer[] = []
        socket.on('data', (chunk: Buffer) => chunks.push(chunk))
        const ping = frame(FRAME.ping, 0, 0, Buffer.from('attacked'))
        await attacker.say(socket, Buffer.concat([preface(), head, ping]))
        const answered = (): boolean => Buffer.concat(chunks).includes('attacked')
        while (!answered() && !socket.destroyed) {
          await Promise.race([once(socket, 'data'), once(socket, 'close')])
        }
        assert.ok(!Buffer.concat(chunks).includes('text/plain'), `${name} has been let through`)
        socket.destroy()
      }
    },
  },
  {
    name: 'a stream cut at every stage',
    source: 'LIFE-1',
    async run(attacker) {
      const session = attacker.session()
      const paths = [
        '/cgi-bin/endless.cgi',
        '/cgi-bin/stream-until-told.cgi',
        saying('Location: /cgi-bin/stream-until-told.cgi\n\n'),
        saying(`X-Sendfile: ${attacker.site.file}\n\n`),
      ]
      const streams: ClientHttp2Stream[] = []
      for (const path of paths) streams.push(await openHttp2(session, path))
      for (const stream of streams) {
        stream.on('error', () => {}).close(NGHTTP2_CANCEL)
        await new Promise((resolve) => stream.once('close', resolve))
      }
    },
  },
]

/** More than may run at once; nothing else can be asked meanwhile. */
export const http2QueueAttack: Attack = {
  name: 'a session cut while scripts wait for their turn',
  source: 'LIM-2',
  async run(attacker) {
    const session = attacker.session()
    const streams = Array.from({ length: 60 }, () =>
      session.request({ ':path': '/cgi-bin/hang.cgi' }).on('error', () => {}),
    )
    await attacker.untilBusy('queued', 20)
    session.destroy()
    for (const stream of streams) if (!stream.closed) await once(stream, 'close')
  },
}
