import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { CgiError, type CgiErrorCode } from '@common-gateway/core'
import { invalidOption } from '@internal/core/data/cgi-error.js'
import { toSystemError } from '@internal/core/data/system-error.js'

/** Each code with its status in the contract; a `Record` so that a new code cannot be forgotten. */
const STATUSES: Record<CgiErrorCode, readonly [status: number, rule: string]> = {
  CGI_ERR_INVALID_OPTION: [500, 'OPT-1'],
  CGI_ERR_BAD_TARGET: [400, 'MAP-3'],
  CGI_ERR_BAD_HOST: [400, 'ENV-8, RFC 9112 section 3.2'],
  CGI_ERR_BAD_FRAMING: [400, 'BODY-6, RFC 9112 section 6.3'],
  CGI_ERR_NOT_EXECUTABLE: [403, 'MAP-6'],
  CGI_ERR_NOT_FOUND: [404, 'MAP-4'],
  CGI_ERR_METHOD_NOT_ALLOWED: [405, 'MAP-7'],
  CGI_ERR_BODY_STALLED: [408, 'RFC 9110 section 15.5.9'],
  CGI_ERR_CLIENT_TOO_SLOW: [408, 'LIM-4'],
  CGI_ERR_BODY_TOO_LARGE: [413, 'BODY-4'],
  CGI_ERR_TARGET_TOO_LONG: [414, 'RFC 9110 section 15.5.15'],
  CGI_ERR_FIELD_TOO_LARGE: [431, 'RFC 6585 section 5'],
  CGI_ERR_HEADERS_CUT: [431, 'RFC 6585 section 5'],
  CGI_ERR_CLIENT_GONE: [400, 'BODY-4: no client is left'],
  CGI_ERR_BODY_CONSUMED: [500, 'BODY-5'],
  CGI_ERR_BODY_FAILED: [500, 'BODY-5'],
  CGI_ERR_SPOOL: [500, 'BODY-2'],
  CGI_ERR_ENVIRONMENT: [500, 'ENV-3'],
  CGI_ERR_SPAWN: [500, 'LIFE-3'],
  CGI_ERR_NOT_IMPLEMENTED: [501, 'RFC 9112 section 6.1'],
  CGI_ERR_BAD_HEADER: [502, 'HDR-1'],
  CGI_ERR_HEADER_TOO_LARGE: [502, 'HDR-1'],
  CGI_ERR_NO_RESPONSE: [502, 'RES-1'],
  CGI_ERR_SHORT_BODY: [502, 'RES-5'],
  CGI_ERR_KILLED: [502, 'RES-6'],
  CGI_ERR_NO_UPSTREAM: [502, 'UP-7'],
  CGI_ERR_UPSTREAM_PROTOCOL: [502, 'UP-2'],
  CGI_ERR_TOO_MANY_REDIRECTS: [502, 'RES-2'],
  CGI_ERR_BUSY: [503, 'LIM-2'],
  CGI_ERR_NO_RESOURCES: [503, 'LIFE-3'],
  CGI_ERR_CLOSED: [503, 'LIFE-4'],
  CGI_ERR_UPSTREAM_TIMEOUT: [504, 'UP-7'],
  CGI_ERR_HEADERS_TIMEOUT: [504, 'LIM-1'],
  CGI_ERR_BODY_TIMEOUT: [504, 'LIM-1'],
  CGI_ERR_REQUEST_TIMEOUT: [504, 'LIM-1'],
}
// Object.entries forgets which keys the Record has.
const CODES = Object.keys(STATUSES) as CgiErrorCode[]

void t.test(
  'Errors: each code has the status of its rule, and is exposed below 500 only',
  async () => {
    for (const code of CODES) {
      const error = new CgiError(code)
      const [status, rule] = STATUSES[code]
      assert.equal(error.statusCode, status, `${code} (${rule})`)
      assert.ok(status in STATUS_CODES, code)
      assert.equal(error.expose, status < 500, code)
      assert.equal(error.code, code)
    }
  },
)

void t.test(
  'Errors: the message is a fixed sentence, whatever the details hold of the host',
  async () => {
    const details = {
      reason: 'ENOENT: /srv/secret/x.cgi',
      script: '/srv/secret/x.cgi',
      pid: 42,
      exitCode: 1,
      signal: 'SIGKILL',
      line: 3,
      headers: { allow: 'GET' },
      cause: new Error('/srv/secret'),
    }
    const sentences = new Set<string>()
    for (const code of CODES) {
      const { message } = new CgiError(code, details)
      assert.equal(message, new CgiError(code).message)
      assert.doesNotMatch(message, /secret|42|SIGKILL|[/\\]/, code)
      sentences.add(message)
    }
    assert.equal(sentences.size, CODES.length, 'no two codes share a sentence')
  },
)

void t.test(
  'Errors: details are fields for the log, and one that says nothing is absent',
  async () => {
    const error = new CgiError('CGI_ERR_SPAWN', {
      script: '/x.cgi',
      pid: undefined,
      exitCode: null,
    })
    assert.equal(error.script, '/x.cgi')
    assert.equal(error.exitCode, null)
    assert.deepEqual(Object.keys(error).toSorted(), [
      'code',
      'exitCode',
      'expose',
      'script',
      'statusCode',
    ])
    assert.ok(!('cause' in error))
  },
)

void t.test(
  'Errors: what is known first stays, what is learned later is added to the same error',
  async () => {
    const error = new CgiError('CGI_ERR_BAD_HEADER', { line: 3 })
    assert.equal(error.add({ line: 9, script: '/x.cgi', signal: undefined }), error)
    assert.equal(error.line, 3)
    assert.equal(error.script, '/x.cgi')
    assert.ok(!('signal' in error))
    const other = { code: 'other', statusCode: 200, cause: 'later' }
    error.add(other)
    assert.equal(error.code, 'CGI_ERR_BAD_HEADER')
    assert.equal(error.statusCode, 502)
    assert.ok(!('cause' in error))
  },
)

void t.test('Errors: it is an Error with a name, a stack and the cause underneath', async () => {
  const cause = new Error('EACCES')
  const error = new CgiError('CGI_ERR_SPAWN', { cause })
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'CgiError')
  assert.equal(error.cause, cause)
  assert.match(String(error.stack), /^CgiError: /)
  assert.ok(!Object.keys(error).includes('name'))
})

void t.test(
  'Errors: an error of a request has no stack frames, and is shown in one line',
  async () => {
    const error = new CgiError('CGI_ERR_BAD_HEADER', {
      reason: 'the line has no colon',
      line: 2,
      pid: 7,
    })
    assert.equal(error.stack, 'CgiError: The script sent an invalid header')
    const shown = inspect(error)
    assert.match(
      shown,
      /^CgiError: The script sent .* reason="the line has no colon" line=2 scriptPid=7$/,
    )
    const cause = Object.assign(new Error('spawn EACCES'), { code: 'EACCES' })
    assert.equal(toSystemError(cause, '/x.cgi').cause, cause)
    assert.equal(cause.stack, 'Error: spawn EACCES')
  },
)

void t.test('Errors: an option that is wrong leads to the line of the application', async () => {
  const error = invalidOption('root', 'a folder', 7)
  assert.match(error.stack ?? '', /\n +at .*cgi-error\.test/)
  assert.match(inspect(error), /\n +at .*cgi-error\.test/)
})

const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

/** Values of every type, and what the message must show of each. */
const SHOWN: readonly [value: unknown, shown: RegExp][] = [
  ['text', /'text' \(string\)$/],
  ['', /'' \(string\)$/],
  [7.5, /7\.5 \(number\)$/],
  [Number.NaN, /NaN \(number\)$/],
  [Number.POSITIVE_INFINITY, /Infinity \(number\)$/],
  [10n, /10n? \(bigint\)$/],
  [true, /true \(boolean\)$/],
  [null, /null \(object\)$/],
  [undefined, /undefined \(undefined\)$/],
  [['a', 1], /\["a",1\] \(object\)$/],
  [{ a: 1 }, /\{"a":1\} \(object\)$/],
  [cyclic, /\(object\)$/],
  [Symbol('s'), /Symbol\(s\) \(symbol\)$/],
  [function named(): void {}, /named \(function\)$/],
  [(() => () => {})(), /a function \(function\)$/],
]

void t.test(
  'OPT-1 the error of an option names the option, the rule and the value got',
  async () => {
    for (const [value, shown] of SHOWN) {
      const error = invalidOption('root', 'a rule', value)
      assert.equal(error.code, 'CGI_ERR_INVALID_OPTION')
      assert.match(error.message, /^Expected the `root` option to be a rule, got /)
      assert.match(error.message, shown)
    }
  },
)

void t.test('instanceof CgiError', async (t) => {
  let folder: string
  let copy: typeof CgiError

  t.before(async () => {
    const own = fileURLToPath(new URL('..', import.meta.resolve('@common-gateway/core')))
    folder = await mkdtemp(path.join(tmpdir(), 'common-gateway-copy-'))
    for (const part of ['dist', 'package.json', 'node_modules']) {
      await cp(path.join(own, part), path.join(folder, part), { recursive: true })
    }
    const entry = pathToFileURL(path.join(folder, 'dist/index.js')).href
    // The same package as the one that is imported above.
    copy = ((await import(entry)) as { CgiError: typeof CgiError }).CgiError
  })

  t.after(() => rm(folder, { recursive: true }))

  void t.test('holds across two copies of the package', async () => {
    assert.notEqual(copy, CgiError)
    assert.ok(new copy('CGI_ERR_NOT_FOUND') instanceof CgiError)
    assert.ok(new CgiError('CGI_ERR_NOT_FOUND') instanceof copy)
  })

  void t.test('tells subclasses apart', async () => {
    class Own extends CgiError {}
    class Other extends CgiError {}
    const own = new Own('CGI_ERR_NOT_FOUND')
    assert.ok(own instanceof Own && own instanceof CgiError && own instanceof copy)
    assert.ok(!(own instanceof Other))
    assert.ok(!(new CgiError('CGI_ERR_NOT_FOUND') instanceof Own))
    assert.ok(!(new copy('CGI_ERR_NOT_FOUND') instanceof Own))
  })

  void t.test('is false for what cannot be looked at', async () => {
    const { proxy, revoke } = Proxy.revocable(new Error('revoked'), {})
    revoke()
    const guarded = new Proxy(new Error('guarded'), {
      has() {
        throw new Error('not to be looked at')
      },
    })
    for (const value of [proxy, guarded]) assert.equal(value instanceof CgiError, false)
  })

  void t.test('is false for what only looks like one', async () => {
    const error = new CgiError('CGI_ERR_NOT_FOUND')
    const symbols = Object.fromEntries(
      Object.getOwnPropertySymbols(CgiError.prototype).map((symbol) => [symbol, true]),
    )
    const others = [
      Object.assign({}, error, symbols),
      structuredClone(error),
      Object.assign(new Error('similar'), error),
      null,
      undefined,
      'CGI_ERR_NOT_FOUND',
      () => {},
    ]
    for (const other of others) assert.ok(!(other instanceof CgiError))
  })
})
