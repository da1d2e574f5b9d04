import type { CgiOptions } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Test } from 'tap'
import { type Adapter, express5, fastify5, type RunningGateway } from '../../support/adapters.js'
import { leave, open, send } from '../../support/client.js'
import { until } from '../../support/processes.js'

/** What an application of `test/fixtures/fastcgi` is reached by. */
export interface PeerSetup {
  readonly options: CgiOptions<never>
  /** The path of the application; `/cgi-bin` by default. */
  readonly path?: string
  /** What it cannot do. */
  readonly hasNoStandardError?: boolean
}

const MEGABYTE = 1024 ** 2

const NO_HANG = { timeout: 90_000, buffered: true }

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** What holds for each application, whatever its language. */
export function peerSuite(t: Test, name: string, start: (t: Test) => Promise<PeerSetup>): void {
  for (const adapter of [express5, fastify5]) suiteOf(t, name, start, adapter)
}

function suiteOf(
  t: Test,
  name: string,
  start: (t: Test) => Promise<PeerSetup>,
  adapter: Adapter,
): void {
  void t.test(`${name} (${adapter.name})`, async (t) => {
    const { options, path = '/cgi-bin', hasNoStandardError = false } = await start(t)
    const gateway = await adapter.start({ options })
    t.after(() => gateway.close())

    void t.test('UP-1 variables arrive, bytes as they were sent', NO_HANG, async () => {
      const headers = ['X-Name', 'J\xf6rg']
      const { status, text } = await send(gateway, `${path}/a%20b/c?d=%20e`, { headers })
      assert.equal(status, 200, text)
      assert.equal(
        text,
        'REQUEST_METHOD=GET\nQUERY_STRING=d=%20e\nPATH_INFO=/a b/c\nHTTP_X_NAME=J\xf6rg\n' +
          'SERVER_PROTOCOL=HTTP/1.1\n',
      )
    })

    void t.test('UP-1 an empty POST is answered', NO_HANG, async () => {
      const { text } = await send(gateway, `${path}/`, { method: 'POST' })
      assert.match(text, /^REQUEST_METHOD=POST\n/)
    })

    void t.test('UP-1 20 MB arrive whole', NO_HANG, async () => {
      const body = randomBytes(20 * MEGABYTE)
      const { text } = await send(gateway, `${path}/digest`, { method: 'POST', body })
      assert.equal(text, `${body.length} ${body.length} ${sha256(body)}`)
    })

    void t.test('BODY-2 a body without a length arrives with it', NO_HANG, async () => {
      const body = randomBytes(3 * MEGABYTE)
      const pieces = Readable.from([body.subarray(0, 1_000_000), body.subarray(1_000_000)])
      const { text } = await send(gateway, `${path}/digest`, { method: 'PUT', body: pieces })
      assert.equal(text, `${body.length} ${body.length} ${sha256(body)}`)
    })

    void t.test('UP-1 5 MB come back whole', NO_HANG, async () => {
      const { bytes } = await send(gateway, `${path}/large`)
      assert.equal(bytes.length, 5_000_000)
    })

    void t.test('HDR-2 a status of its own', NO_HANG, async () => {
      const { status, text } = await send(gateway, `${path}/missing`)
      assert.deepEqual([status, text], [404, 'none'])
    })

    if (!hasNoStandardError) {
      void t.test('LOG-1 standard error', NO_HANG, async () => {
        assert.equal((await send(gateway, `${path}/error`)).text, 'logged')
        await gateway.logged(({ message }) => message.includes('a line of standard error'))
      })
    }

    void t.test('UP-6 24 requests at once are answered', NO_HANG, async () => {
      const bodies = Array.from({ length: 24 }, (_, index) => randomBytes(index * 10_000))
      const answers = await Promise.all(
        bodies.map((body) => send(gateway, `${path}/digest`, { method: 'POST', body })),
      )
      for (const [index, { text }] of answers.entries()) {
        assert.ok(text.endsWith(sha256(bodies[index] ?? Buffer.alloc(0))))
      }
    })

    void t.test('UP-4 clients that leave take no slot with them', NO_HANG, async () => {
      for (let count = 0; count < 3; count += 1) {
        leave((await open(gateway, `${path}/slow`)).on('error', () => {}))
      }
      await isIdle(gateway)
      assert.equal((await send(gateway, `${path}/missing`)).status, 404)
    })

    void t.test('UP-7 nothing of it was a failure', NO_HANG, async () => {
      for (const { failures } of gateway.stats().upstreams ?? []) assert.equal(failures, 0)
    })
  })
}

async function isIdle(gateway: RunningGateway): Promise<void> {
  await until(() => gateway.stats().running === 0, 'no request runs')
}
