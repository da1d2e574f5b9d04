import assert from 'node:assert/strict'
import t from 'tap'
import { upload } from './uploads/uploads.js'

void t.test(
  'BODY-1 UP-1 uploads to an application that reads slowly take no memory',
  { timeout: 240_000 },
  async () => {
    const { lost, growth } = await upload(32)
    assert.equal(lost, 0)
    assert.ok(growth < 60 * 1024 ** 2, `${growth} bytes`)
  },
)
