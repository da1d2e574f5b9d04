import assert from 'node:assert/strict'
import t from 'tap'
import { fromByteString, toByteString } from '@internal/core/data/byte-string.js'

const PAIRS: readonly [text: string, bytes: string][] = [
  ['', ''],
  ['plain ASCII\t\n\0\x7f', 'plain ASCII\t\n\0\x7f'],
  ['é', '\xc3\xa9'],
  ['€', '\xe2\x82\xac'],
  ['日本', '\xe6\x97\xa5\xe6\x9c\xac'],
  ['\u{1f600}', '\xf0\x9f\x98\x80'],
  // A byte order mark is a character like others in the name of a file.
  ['\ufeffa', '\xef\xbb\xbfa'],
]

void t.test(
  'ENV-7 a text becomes its UTF-8 bytes, one character for each, and comes back',
  async () => {
    for (const [text, bytes] of PAIRS) {
      assert.equal(toByteString(text), bytes)
      assert.equal(fromByteString(bytes), text)
    }
  },
)

const NOT_UTF8: readonly [why: string, bytes: string][] = [
  ['Latin-1', 'caf\xe9'],
  ['a continuation byte alone', '\x80'],
  ['a sequence cut short', 'a\xe2\x82'],
  ['an overlong slash, RFC 3629 section 10', '\xc0\xaf'],
  ['an overlong slash of three bytes', '\xe0\x80\xaf'],
  ['an overlong NUL', '\xc0\x80'],
  ['a surrogate, RFC 3629 section 3', '\xed\xa0\x80'],
  ['a code point past U+10FFFF', '\xf4\x90\x80\x80'],
  ['a byte that UTF-8 never has', '\xff'],
]

void t.test('MAP-3 ENV-7 bytes that are not UTF-8 are no text, and are not replaced', async () => {
  for (const [why, bytes] of NOT_UTF8) assert.equal(fromByteString(bytes), null, why)
})

void t.test('ENV-7 every byte over 0x7F has a character of its own', async () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
  assert.deepEqual([...Buffer.from(bytes, 'latin1')], [...Array(256).keys()])
  assert.equal(fromByteString(bytes), null)
})
