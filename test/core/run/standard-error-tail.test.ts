import { CgiError } from '@common-gateway/core'
import assert from 'node:assert/strict'
import t from 'tap'
import { excerptOf } from '@internal/core/data/byte-string.js'
import { StandardErrorTail } from '@internal/core/run/standard-error-tail.js'

/** What is kept of what a script writes in these pieces. */
async function tailOf(...chunks: (string | Buffer)[]): Promise<string | undefined> {
  const tail = new StandardErrorTail()
  for (const chunk of chunks) tail.write(Buffer.from(chunk))
  tail.end()
  const error = new CgiError('CGI_ERR_NO_RESPONSE')
  await tail.addTo(error)
  return error.standardError
}

void t.test('Errors: standard error is kept, and is not a field for loggers', async () => {
  assert.equal(await tailOf('one\ntw', 'o\n'), 'one\ntwo\n')
  assert.equal(await tailOf(), '')
  const error = new CgiError('CGI_ERR_NO_RESPONSE', { standardError: 'one' })
  assert.equal(error.standardError, 'one')
  assert.ok(!Object.keys(error).includes('standardError'))
  assert.ok(!JSON.stringify(error).includes('one'))
})

void t.test('Errors: of a lot of standard error, the last whole lines are kept', async () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join('')
  for (const chunks of [[lines], lines.match(/[^]{1,1000}/g) ?? []]) {
    const kept = (await tailOf(...chunks)) ?? ''
    assert.ok(kept.length <= 4096 && kept.length > 4000, String(kept.length))
    assert.ok(lines.endsWith(kept))
    assert.match(kept, /^line \d{5}\n/)
  }
  assert.equal(await tailOf('a'.repeat(10_000)), 'a'.repeat(4096), 'a line without a beginning')
})

void t.test('Errors: each line is text, in UTF-8 or else in Latin-1', async () => {
  assert.equal(await tailOf(Buffer.from('gr\xfcn\n', 'latin1'), 'größer 漢字'), 'grün\ngrößer 漢字')
})

void t.test('Errors: the end of standard error is waited for, but not for ever', async () => {
  const tail = new StandardErrorTail()
  const error = new CgiError('CGI_ERR_NO_RESPONSE')
  const added = tail.addTo(error)
  tail.write(Buffer.from('late'))
  tail.end()
  await added
  assert.equal(error.standardError, 'late')

  const open = new StandardErrorTail()
  const other = new CgiError('CGI_ERR_NO_RESPONSE')
  await open.addTo(other)
  assert.equal(other.standardError, '')
})

void t.test('Errors: an excerpt of output is text of some 200 characters', async () => {
  const bytes = (text: string): string => Buffer.from(text).toString('latin1')
  assert.equal(excerptOf(''), '')
  assert.equal(excerptOf(bytes('größer')), 'größer')
  assert.equal(excerptOf('gr\xfcn'), 'grün')
  assert.equal(excerptOf('a'.repeat(200)), 'a'.repeat(200))
  assert.equal(excerptOf('a'.repeat(201)), `${'a'.repeat(200)}…`)
  for (const [character, more] of [
    ['ü', 'a'],
    ['漢', ''],
    ['🙂', 'ab'],
  ] as const) {
    const text = more + character.repeat(5_000)
    const expected = Array.from(text).slice(0, 200).join('')
    assert.equal(excerptOf(bytes(text)), `${expected}…`)
  }
})
