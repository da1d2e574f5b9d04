import { CgiError } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'
import { processLogger } from './steps.js'

/** What a message becomes on the standard error of the process. */
function written(t: TestContext, say: () => void): unknown[] {
  const write = t.mock.method(process.stderr, 'write', () => true)
  say()
  const lines = write.mock.calls.map(({ arguments: [line] }) => line)
  write.mock.restore()
  return lines
}

test('LOG-1 a line of standard error is a line, with script and pid', (t) => {
  const lines = written(t, () => processLogger.warn({ script: '/srv/a.cgi', pid: 7 }, 'oh no'))
  assert.deepEqual(lines, ['common-gateway: oh no script="/srv/a.cgi" pid=7\n'])
})

test('LOG-1 what a script writes cannot move the cursor, nor begin a line of its own', (t) => {
  const lines = written(t, () => processLogger.warn({}, 'a\u001b[2Jb\nc\u009b1m\r\td'))
  assert.deepEqual(lines, ['common-gateway: a\\x1b[2Jb\\x0ac\\x9b1m\\x0d\td\n'])
})

test('Errors are told with what they know: why, which script, which line', (t) => {
  const reason = 'it has no colon'
  const err = new CgiError('CGI_ERR_BAD_HEADER', { script: '/srv/a.cgi', line: 3, reason })
  const [line] = written(t, () => processLogger.error({ err, absent: undefined }, err.message))
  const text = String(line)
  assert.ok(text.startsWith('common-gateway: The script sent a header that is not valid '))
  for (const fact of ['reason="it has no colon"', 'script="/srv/a.cgi"', 'line=3']) {
    assert.ok(text.includes(` ${fact}`), text)
  }
  assert.ok(!text.includes('absent'))
  assert.equal(text.split('\n').length, 2)
})
