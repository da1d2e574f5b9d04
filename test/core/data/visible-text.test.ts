import { showControls } from '@internal/core/data/visible-text.js'
import assert from 'node:assert/strict'
import t from 'tap'

void t.test(
  'Errors show control and format characters as escapes, tabs and lines as they are',
  async () => {
    for (const [text, shown] of [
      ['a\tb\nc', 'a\tb\nc'],
      ['\u001b[2Ja\r\u0000', '\\x1b[2Ja\\x0d\\x00'],
      ['\u009b', '\\x9b'],
      ['gpj.\u202etxt', 'gpj.\\u{202e}txt'],
      ['\u2028\u{e0041}', '\\u{2028}\\u{e0041}'],
      ['Grüße 😀', 'Grüße 😀'],
    ] as const) {
      assert.equal(showControls(text), shown)
    }
  },
)
