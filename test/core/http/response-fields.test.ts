import { Exchange } from '@common-gateway/core/adapter'
import { createHeaderParser, toResponse } from '@common-gateway/core/steps'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { groupByName } from '@internal/core/http/response-fields.js'
import type { Answer } from '../../support/answer.js'
import { send } from '../../support/client.js'

/** What a client receives of a script that prints this, as a byte string. */
async function receive(t: Test, output: string): Promise<Answer> {
  const parser = createHeaderParser({ maxHeaderSize: 64 * 1024 })
  const header = parser.push(Buffer.from(output, 'latin1'))
  assert.ok(header !== null)
  const head = toResponse(header)
  assert.equal(head.type, 'response')
  const { status, reason, headers } = head
  const server = createServer((request, response) => {
    const body = Readable.from([header.rest])
    const answer = { type: 'response', status, reason, headers, body } as const
    new Exchange(request, response, { native: request, mount: '' })
      .send(answer)
      .catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  // A server that listens on a port has an address of this kind.
  return send((server.address() as AddressInfo).port, '/')
}

for (const [what, name] of [
  ['Latin-1', 'caf\xe9'],
  ['UTF-8', 'caf\xc3\xa9'],
] as const) {
  void t.test(
    `HDR-1 a Content-Disposition in ${what} after a Content-Length keeps its bytes`,
    async (t) => {
      const disposition = `attachment; filename="${name}"`
      const output = `Content-Length: 2\nContent-Disposition: ${disposition}\n\nok`
      const answer = await receive(t, output)
      assert.deepEqual(answer.all('content-disposition'), [disposition])
      assert.deepEqual(answer.all('content-length'), ['2'])
      assert.equal(answer.text, 'ok')
    },
  )
}

void t.test(
  'HDR-1 an Expect among the fields does not change the bytes of the others',
  async (t) => {
    const answer = await receive(t, 'X-A: caf\xe9\nExpect: 100-continue\n\nok')
    assert.deepEqual(answer.all('x-a'), ['caf\xe9'])
    assert.deepEqual(answer.all('expect'), [])
  },
)

void t.test('HDR-3 on HTTP/2, fields of one name are a list, but for Set-Cookie', async () => {
  const fields = [
    ['Set-Cookie', 'a=1'],
    ['Content-Language', 'de'],
    ['Location', '/a'],
    ['set-cookie', 'b=2'],
    ['content-language', 'en'],
    ['content-language', ''],
    ['X-Empty', ''],
  ] as const
  assert.deepEqual(
    [...groupByName(fields, 2)],
    [
      ['set-cookie', ['a=1', 'b=2']],
      ['content-language', ['de, en']],
      ['location', ['/a']],
      ['x-empty', ['']],
    ],
  )
  assert.deepEqual(groupByName(fields, 1).get('content-language'), ['de', 'en', ''])
})
