import assert from 'node:assert/strict'
import t from 'tap'
import { encodeScgiRequest } from '@internal/fastcgi/protocol/scgi-request.js'

/** The names and values of the netstring that the request is. */
function read(request: Buffer): string[] {
  const text = request.toString('latin1')
  const [, length = '', rest = ''] = /^([1-9]\d*):(.*),$/s.exec(text) ?? []
  assert.equal(rest.length, Number(length))
  assert.ok(rest.endsWith('\0'))
  return rest.slice(0, -1).split('\0')
}

void t.test('UP-1 an SCGI request begins with its length and the version', async () => {
  const environment = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '27', HTTP_X: '\xff ' }
  assert.deepEqual(read(encodeScgiRequest(environment)), [
    'CONTENT_LENGTH',
    '27',
    'SCGI',
    '1',
    'REQUEST_METHOD',
    'POST',
    'HTTP_X',
    '\xff ',
  ])
})

void t.test('UP-1 an SCGI request without a body has the length 0', async () => {
  for (const environment of [{}, { CONTENT_LENGTH: '' }, { SCGI: '2' }]) {
    const variables = read(encodeScgiRequest(environment))
    assert.deepEqual(variables, ['CONTENT_LENGTH', '0', 'SCGI', '1'])
  }
})

void t.test('UP-1 an empty value stays a value', async () => {
  assert.deepEqual(read(encodeScgiRequest({ QUERY_STRING: '', A: 'b' })), [
    'CONTENT_LENGTH',
    '0',
    'SCGI',
    '1',
    'QUERY_STRING',
    '',
    'A',
    'b',
  ])
})

void t.test('UP-1 SCGI has no limit for a variable', async () => {
  const value = 'v'.repeat(200_000)
  assert.deepEqual(read(encodeScgiRequest({ HTTP_COOKIE: value })).at(-1), value)
})
