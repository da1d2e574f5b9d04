import { CgiError } from '@common-gateway/core'
import { warm } from '@common-gateway/warm'
import assert from 'node:assert/strict'
import t from 'tap'
import { toSettings } from '@internal/warm/options/rules.js'

void t.test('WARM-14 the defaults', async () => {
  const defaults = { max: 8, after: 2, idleTimeout: 60_000, maxAge: 600_000, modules: [] }
  assert.deepEqual(toSettings({}), defaults)
  const given = { max: 1, after: 1, idleTimeout: 0, maxAge: 0, modules: ['a', 'b.c_d'] }
  assert.deepEqual(toSettings(given), given)
})

void t.test('WARM-14 refuses what an option cannot be', async () => {
  for (const [options, name] of [
    [null, 'options'],
    [[], 'options'],
    [{ maximum: 1 }, 'maximum'],
    [{ max: 0 }, 'max'],
    [{ max: '8' }, 'max'],
    [{ after: 0 }, 'after'],
    [{ idleTimeout: -1 }, 'idleTimeout'],
    [{ maxAge: 2 ** 31 }, 'maxAge'],
    [{ modules: 'a' }, 'modules'],
    [{ modules: ['a b'] }, 'modules'],
    [{ modules: ['a,b'] }, 'modules'],
    [{ modules: ['a;b'] }, 'modules'],
    [{ modules: ['.a'] }, 'modules'],
  ] as const) {
    assert.throws(
      () => warm(options as never),
      (error: unknown) => {
        assert.ok(error instanceof CgiError)
        assert.equal(error.code, 'CGI_ERR_INVALID_OPTION')
        return error.message.includes(`\`${name}\``)
      },
    )
  }
})
