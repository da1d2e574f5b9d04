import { CgiError } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { setImmediate } from 'node:timers/promises'
import { guardLogger, processLogger } from '@internal/core/data/logger.js'

/** What a message becomes on the standard error of the process. */
function written(t: Test, say: () => void): unknown[] {
  t.after(() => mock.reset())
  const write = mock.method(process.stderr, 'write', () => true)
  say()
  const lines = write.mock.calls.map(({ arguments: [line] }) => line)
  write.mock.restore()
  return lines
}

void t.test('LOG-1 a line of standard error is a line, with script and pid', async (t) => {
  const lines = written(t, () =>
    processLogger.warn({ script: '/srv/a.cgi', scriptPid: 7 }, 'oh no'),
  )
  assert.deepEqual(lines, ['common-gateway: oh no script="/srv/a.cgi" scriptPid=7\n'])
})

void t.test(
  'LOG-1 what a script writes cannot move the cursor, nor begin a line of its own',
  async (t) => {
    const lines = written(t, () => processLogger.warn({}, 'a\u001b[2Jb\nc\u009b1m\r\td'))
    assert.deepEqual(lines, ['common-gateway: a\\x1b[2Jb\\x0ac\\x9b1m\\x0d\td\n'])
  },
)

void t.test('Errors are logged with their facts: the reason, the script, the line', async (t) => {
  const reason = 'the line has no colon'
  const err = new CgiError('CGI_ERR_BAD_HEADER', { script: '/srv/a.cgi', line: 3, reason })
  const [line] = written(t, () => processLogger.error({ err, absent: undefined }, err.message))
  const text = String(line)
  assert.ok(text.startsWith('common-gateway: The script sent an invalid header '))
  for (const fact of ['reason="the line has no colon"', 'script="/srv/a.cgi"', 'line=3']) {
    assert.ok(text.includes(` ${fact}`), text)
  }
  assert.ok(!text.includes('absent'))
  assert.equal(text.split('\n').length, 2)
})

void t.test(
  'Errors are logged without facts for programs only, and with the stack of an unexpected cause',
  async (t) => {
    const cause = new TypeError('unforeseen')
    const err = new CgiError('CGI_ERR_NO_RESPONSE', { cause, pid: 7 })
    const [line] = written(t, () => processLogger.error({ err }, err.message))
    const text = String(line)
    assert.ok(text.includes(' scriptPid=7'), text)
    assert.match(text, /cause="TypeError: unforeseen\\n +at .*logger\.test/)
    assert.doesNotMatch(text, /expose|errors\.js/)
  },
)

void t.test('Errors are one line each, whatever the text of a script holds', async (t) => {
  const [line] = written(t, () => processLogger.warn({}, 'one\ntwo \u202e\u001b[2J'))
  assert.equal(line, 'common-gateway: one\\x0atwo \\u{202e}\\x1b[2J\n')
})

void t.test('LOG-1 reports a logger that fails once, without another effect', async (t) => {
  const failing = (): never => {
    throw new Error('no room')
  }
  // Loggers in JavaScript may return promises.
  const rejecting = (): unknown => Promise.reject(new Error('no room'))
  t.after(() => mock.reset())
  for (const method of [failing, rejecting]) {
    const logger = guardLogger({ warn: method, error: method })
    const write = mock.method(process.stderr, 'write', () => true)
    logger.warn({}, 'one')
    logger.error({}, 'two')
    await setImmediate()
    write.mock.restore()
    const lines = write.mock.calls.map(({ arguments: [line] }) => line)
    assert.equal(lines.length, 1)
    assert.match(String(lines[0]), /the logger failed.*no room/)
  }
})
