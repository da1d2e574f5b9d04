import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError } from '@common-gateway/core'
import { encodeRequest } from '@internal/fastcgi/protocol/request.js'
import { readPairs, RecordReader, type ReceivedRecord, TYPE } from '../records.js'

interface Options {
  readonly keepConnection?: boolean
  readonly hasBody?: boolean
}

function encode(environment: Record<string, string>, options: Options = {}): ReceivedRecord[] {
  const reader = new RecordReader()
  const records = reader.push(
    encodeRequest({ id: 1, environment, keepConnection: false, hasBody: false, ...options }),
  )
  assert.equal(reader.rest, 0)
  return records
}

/** The pairs of all PARAMS records. */
function pairsOf(records: readonly ReceivedRecord[]): [string, string][] {
  return records
    .filter(({ type }) => type === TYPE.PARAMS)
    .flatMap(({ content }) => readPairs(content))
}

const types = (records: readonly ReceivedRecord[]): number[] => records.map(({ type }) => type)

void t.test('UP-1 a request without a body ends STDIN at once', async () => {
  const records = encode({ REQUEST_METHOD: 'GET', QUERY_STRING: '' })
  assert.deepEqual(types(records), [TYPE.BEGIN_REQUEST, TYPE.PARAMS, TYPE.PARAMS, TYPE.STDIN])
  assert.deepEqual(
    records.map(({ content }) => content.toString('latin1')),
    ['\0\x01\0\0\0\0\0\0', '\x0e\x03REQUEST_METHODGET\x0c\0QUERY_STRING', '', ''],
  )
  for (const { version, id, padding, reserved } of records) {
    assert.deepEqual([version, id, padding, reserved], [1, 1, 0, 0])
  }
})

void t.test('UP-1 a request with a body leaves STDIN open', async () => {
  const records = encode({ A: 'b' }, { hasBody: true, keepConnection: true })
  assert.deepEqual(types(records), [TYPE.BEGIN_REQUEST, TYPE.PARAMS, TYPE.PARAMS])
  assert.equal(records[0]?.content.toString('latin1'), '\0\x01\x01\0\0\0\0\0')
})

void t.test('UP-1 without variables, PARAMS ends at once', async () => {
  assert.deepEqual(types(encode({})), [TYPE.BEGIN_REQUEST, TYPE.PARAMS, TYPE.STDIN])
})

void t.test('UP-1 lengths from 128 on have four bytes', async () => {
  for (const length of [0, 1, 126, 127, 128, 129, 255, 256, 65_000]) {
    const name = 'N'.repeat(Math.min(length, 400) || 1)
    const value = 'v'.repeat(length)
    assert.deepEqual(pairsOf(encode({ [name]: value })), [[name, value]], `${length}`)
  }
})

void t.test('UP-1 every byte of a value arrives', async () => {
  const value = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
  assert.deepEqual(pairsOf(encode({ HTTP_X: value })), [['HTTP_X', value]])
})

void t.test('UP-2 no pair is cut by the end of a record', async () => {
  const environment: Record<string, string> = {}
  for (let index = 0; index < 200; index += 1) {
    environment[`HTTP_X_${index}`] = 'x'.repeat(1000 + index)
  }
  const records = encode(environment)
  const params = records.filter(({ type }) => type === TYPE.PARAMS)
  // readPairs() throws for a pair that is cut.
  assert.deepEqual(Object.fromEntries(pairsOf(records)), environment)
  assert.equal(params.length, 5)
  for (const { content } of params) assert.ok(content.length <= 65_528)
})

void t.test('UP-2 a pair fills a record to the last byte', async () => {
  // A name of 6 bytes and its length, and the four bytes of the length of the value.
  const value = 'v'.repeat(65_528 - 6 - 1 - 4)
  const records = encode({ A: 'b', HTTP_X: value, C: 'd' })
  assert.deepEqual(pairsOf(records), [
    ['A', 'b'],
    ['HTTP_X', value],
    ['C', 'd'],
  ])
  assert.equal(records[2]?.content.length, 65_528)
})

void t.test('UP-2 a pair that fits in no record is refused, and named', async () => {
  const value = 'v'.repeat(65_528)
  for (const [name, code, statusCode] of [
    ['HTTP_COOKIE', 'CGI_ERR_FIELD_TOO_LARGE', 431],
    ['QUERY_STRING', 'CGI_ERR_TARGET_TOO_LONG', 414],
    ['REQUEST_URI', 'CGI_ERR_TARGET_TOO_LONG', 414],
  ] as const) {
    assert.throws(
      () => encode({ A: 'b', [name]: value }),
      (error) => {
        assert.ok(error instanceof CgiError)
        assert.equal(error.code, code)
        assert.equal(error.statusCode, statusCode)
        assert.match(error.reason ?? '', new RegExp(`^${name} has \\d+ bytes`))
        return true
      },
    )
  }
})
