import { CgiError } from '@common-gateway/core'
import assert from 'node:assert/strict'
import t from 'tap'
import { excerptOf } from '@internal/core/data/byte-string.js'
import { PassThrough } from 'node:stream'
import { toOutput } from '@common-gateway/core/transport'
import { type CgiStandardErrorLine } from '@common-gateway/core'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { RunRecord } from '@internal/core/run/record.js'
import { StandardError } from '@internal/core/run/standard-error.js'
import { createRequest } from '../requests.js'

interface Scene {
  readonly standardError: StandardError
  readonly record: RunRecord
  /** The script's end of the pipe. */
  readonly pipe: PassThrough
  /** The messages of the log. */
  readonly logged: [facts: object, message: string][]
}

function open(errorPage = true): Scene {
  const logged: Scene['logged'] = []
  const logger = {
    warn: (facts: object, message: string): unknown => logged.push([facts, message]),
    error: () => assert.fail('standard error of a script is no error of the gateway'),
  }
  const request = createRequest({})
  const record = new RunRecord({
    script: '/srv/a.cgi',
    scriptName: '/a.cgi',
    pathInfo: '',
    pid: 42,
    request,
    queueTime: 0,
  })
  const standardError = new StandardError(record, { logger, errorPage, lingerTimeout: 1_000 })
  const pipe = new PassThrough()
  record.standardErrorEnd = standardError.read({
    stderr: toOutput(pipe),
    exit: new Promise(() => {}),
  })
  return { standardError, record, pipe, logged }
}

/** The tail of standard error that was written in these chunks. */
async function tailOf(...chunks: (string | Buffer)[]): Promise<string | undefined> {
  const { standardError, pipe } = open()
  for (const chunk of chunks) pipe.write(chunk)
  pipe.end()
  const error = new CgiError('CGI_ERR_NO_RESPONSE')
  await standardError.addTo(error)
  return error.standardError
}

void t.test(
  'LOG-1 each line is a warning with script and pid, and a message of the channel',
  async (t) => {
    const { record, pipe, logged } = open()
    const published: CgiStandardErrorLine[] = []
    const listener = (message: unknown): void => {
      // The channel's type.
      published.push(message as CgiStandardErrorLine)
    }
    subscribe('common-gateway:run:stderr', listener)
    t.after(() => unsubscribe('common-gateway:run:stderr', listener))
    pipe.end('one\ntwo')
    await record.standardErrorEnd
    const facts = { script: '/srv/a.cgi', scriptPid: 42, stream: 'stderr' }
    assert.deepEqual(logged, [
      [facts, 'one'],
      [facts, 'two'],
    ])
    assert.deepEqual(
      published.map(({ line }) => line),
      ['one', 'two'],
    )
    assert.ok(published.every(({ run }) => run === record.message))
  },
)

void t.test('LOG-1 the bytes that were dropped are a warning, and in the record', async () => {
  const { record, pipe, logged } = open()
  for (let round = 0; round < 200; round += 1) pipe.write(`${'x'.repeat(999)}\n`)
  pipe.end()
  await record.standardErrorEnd
  const { droppedBytes } = record
  assert.ok(droppedBytes > 0)
  const warnings = logged.filter(([facts]) => !('stream' in facts))
  assert.deepEqual(warnings, [
    [
      { script: '/srv/a.cgi', scriptPid: 42, droppedBytes },
      'the script wrote too fast to standard error: some lines were dropped',
    ],
  ])
})

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
  const { standardError, pipe } = open()
  const error = new CgiError('CGI_ERR_NO_RESPONSE')
  const added = standardError.addTo(error)
  pipe.write('late')
  pipe.end()
  await added
  assert.equal(error.standardError, 'late')

  const endless = open()
  const other = new CgiError('CGI_ERR_NO_RESPONSE')
  await endless.standardError.addTo(other)
  assert.equal(other.standardError, '')
})

void t.test('Errors: without the option errorPage, no standard error is kept', async () => {
  const { standardError, pipe } = open(false)
  pipe.end('secret')
  const error = new CgiError('CGI_ERR_NO_RESPONSE')
  await standardError.addTo(error)
  assert.equal(error.standardError, undefined)
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
