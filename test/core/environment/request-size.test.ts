import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { HeaderField } from '@common-gateway/core'
import { checkRequestSize } from '@internal/core/environment/request-size.js'
import { LONGEST_VARIABLE, largestEnvironment } from '@internal/core/environment/variable-size.js'

const SETTINGS = {
  passAuthorization: false,
  underscoreHeaders: 'ignore',
  transport: undefined,
} as const
const TARGET = { path: '/', uri: '/', query: '', hostname: undefined }
const isLinux = process.platform === 'linux'

function check(headers: readonly HeaderField[], settings = {}): void {
  checkRequestSize({ headers }, TARGET, { ...SETTINGS, ...settings })
}

/** Fields of different names and nearly the longest value. */
function fieldsOf(count: number): HeaderField[] {
  return Array.from({ length: count }, (_, n) => [`X-${n}`, 'x'.repeat(130_000)])
}

void t.test('LIFE-3 a field may be as long as a variable', { skip: !isLinux }, async () => {
  const most = LONGEST_VARIABLE - 'HTTP_X_A'.length
  check([['X-A', 'x'.repeat(most)]])
  const refused = { code: 'CGI_ERR_FIELD_TOO_LARGE' }
  assert.throws(() => check([['X-A', 'x'.repeat(most + 1)]]), refused)
  assert.throws(() => check([['Content-Type', 'x'.repeat(most + 1)]]), refused)
  // Two lines are joined by a comma and a blank.
  const line = ['X-A', 'x'.repeat(most / 2)] as const
  assert.throws(() => check([line, line]), refused)
  // Scripts do not get it.
  check([['Proxy', 'x'.repeat(most + 1)]])
})

void t.test(
  'LIFE-3 all fields together may be as large as an environment',
  { skip: !isLinux },
  async () => {
    const most = Math.floor(largestEnvironment() / 130_000)
    check(fieldsOf(most - 1))
    assert.throws(() => check(fieldsOf(most + 1)), { code: 'CGI_ERR_FIELD_TOO_LARGE' })
    // It starts no program.
    check(fieldsOf(most + 1), { transport: { open() {} } })
  },
)

void t.test(
  'LIFE-3 an environment that is called too large is too large',
  { skip: !isLinux },
  async () => {
    const large = Object.fromEntries(fieldsOf(Math.ceil(largestEnvironment() / 130_000)))
    const { error } = spawnSync('/bin/true', [], { env: large })
    assert.match(String(error), /E2BIG/)
  },
)
