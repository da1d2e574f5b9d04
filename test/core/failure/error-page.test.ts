import { CgiError, createErrorPage, type CgiErrorCode } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import t from 'tap'

const HTML = 'text/html; charset=utf-8'
const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json'
const CHROMIUM = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

/** The page for an error that has one. */
function pageOf(error: CgiError, accept: string): NonNullable<ReturnType<typeof createErrorPage>> {
  const page = createErrorPage(error, accept)
  assert.ok(page !== null)
  return page
}

const ACCEPTED: readonly [accept: string, type: string][] = [
  ['', TEXT],
  ['*/*', TEXT],
  [CHROMIUM, HTML],
  ['text/html', HTML],
  ['TEXT/HTML', HTML],
  ['text/*', TEXT],
  ['application/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/json; charset=utf-8', JSON_TYPE],
  ['application/json, text/plain, */*', JSON_TYPE],
  ['application/problem+json', JSON_TYPE],
  ['application/vnd.api+json, */*;q=0.1', JSON_TYPE],
  ['text/html;q=0.4, application/json;q=0.5', JSON_TYPE],
  ['text/html ; q=0.5 , application/json;q=0.4', HTML],
  ['text/html, application/json', HTML],
  ['application/json, text/html', JSON_TYPE],
  ['text/html;q=0, */*', TEXT],
  ['text/html;q=0.1, */*', TEXT],
  ['text/plain;q=0, */*', HTML],
  ['text/html;q=0', TEXT],
  ['text/html;q=x, application/json;q=0.1', JSON_TYPE],
  ['text/html;q=2, application/json;q=0.1', JSON_TYPE],
  ['image/png', TEXT],
  [',;,;q=', TEXT],
]
for (const [accept, type] of ACCEPTED) {
  void t.test(`Errors: Accept ${JSON.stringify(accept)} gets ${type}`, async () => {
    const page = createErrorPage(new CgiError('CGI_ERR_NO_RESPONSE'), accept)
    assert.equal(page?.headers['content-type'], type)
    assert.equal(page.headers['content-length'], String(Buffer.byteLength(page.body)))
  })
}

/** Text that means something in HTML, JSON, a terminal and an editor. */
const HOSTILE = `</pre><script>alert("1 & '2'")</script>\x00\x1b[31m\x7f\x85\u202e\ufeff\u2028 Grüße 漢字 🙂`
const SHOWN_HTML =
  '&lt;/pre&gt;&lt;script&gt;alert(&quot;1 &amp; &#39;2&#39;&quot;)&lt;/script&gt;' +
  String.raw`\x00\x1b[31m\x7f\x85\u{202e}\u{feff}\u{2028} Grüße 漢字 🙂`
const SHOWN_TEXT =
  `</pre><script>alert("1 & '2'")</script>` +
  String.raw`\x00\x1b[31m\x7f\x85\u{202e}\u{feff}\u{2028} Grüße 漢字 🙂`

const hostile = new CgiError('CGI_ERR_BAD_HEADER', {
  script: `/srv/${HOSTILE}.cgi`,
  reason: HOSTILE,
  output: HOSTILE,
  line: 1,
  signal: HOSTILE,
  standardError: `${HOSTILE}\n\tindented\n${HOSTILE}\n`,
})

void t.test('Errors: whatever a script has written is text in the HTML page', async () => {
  const { body } = pageOf(hostile, 'text/html')
  assert.equal(body.split(SHOWN_HTML).length - 1, 6)
  assert.ok(!body.includes('<script'))
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  assert.doesNotMatch(body, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ufeff]/)
  assert.equal(body.match(/<pre/g)?.length, 1)
  assert.ok(body.includes('>\tindented</span>\n<'), 'tabs and lines stay')
})

void t.test('Errors: whatever a script has written is text on a terminal', async () => {
  const { body } = pageOf(hostile, '*/*')
  assert.equal(body.split(SHOWN_TEXT).length - 1, 6)
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  assert.doesNotMatch(body, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ufeff]/)
})

void t.test(
  'Errors: JSON has everything as it was, in the shape of the errors of Fastify',
  async () => {
    const { body } = pageOf(hostile, 'application/json')
    assert.ok(!body.includes('<'))
    const { hint, ...facts } = JSON.parse(body) as Record<string, unknown>
    assert.equal(typeof hint, 'string')
    assert.deepEqual(facts, {
      statusCode: 502,
      code: 'CGI_ERR_BAD_HEADER',
      error: 'Bad Gateway',
      message: 'The script sent an invalid header',
      script: `/srv/${HOSTILE}.cgi`,
      reason: HOSTILE,
      line: 1,
      output: HOSTILE,
      signal: HOSTILE,
      standardError: `${HOSTILE}\n\tindented\n${HOSTILE}\n`,
    })
  },
)

void t.test(
  'Errors: the page allows no script and no style but its own, by their hash',
  async () => {
    const { headers, body } = pageOf(hostile, 'text/html')
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(body) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    assert.equal(
      headers['content-security-policy'],
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-store')
    assert.doesNotMatch(body, /\s(?:src|href|style|on\w+)=/)
    assert.doesNotMatch(style, /url\(|@import/)
  },
)

void t.test('Errors: a fact that is not known is not there', async () => {
  for (const accept of ['text/html', 'text/plain', 'application/json']) {
    const { body } = pageOf(new CgiError('CGI_ERR_CLOSED'), accept)
    assert.match(body, /The gateway is closed/)
    assert.match(body, /CGI_ERR_CLOSED/)
    assert.doesNotMatch(body, /undefined|null|Script:|<pre|standard-?error/i)
  }
})

void t.test('Errors: a signal has its name and its number, an exit code its number', async () => {
  const killed = new CgiError('CGI_ERR_KILLED', { exitCode: null, signal: 'SIGKILL', pid: 42 })
  const text = pageOf(killed, 'text/plain').body
  assert.match(text, /^Signal: +SIGKILL \(9\)$/m)
  assert.match(text, /^Process ID: +42$/m)
  assert.doesNotMatch(text, /Exit code/)
  const ended = new CgiError('CGI_ERR_NO_RESPONSE', { exitCode: 0, signal: null })
  assert.match(pageOf(ended, 'text/plain').body, /^Exit code: +0$/m)
})

void t.test('Errors: a reason that holds bytes is shown as UTF-8', async () => {
  const bytes = Buffer.from('Status is no code: "größer"').toString('latin1')
  const error = new CgiError('CGI_ERR_BAD_HEADER', { reason: bytes })
  assert.match(pageOf(error, 'text/html').body, /größer/)
  assert.match(pageOf(error, 'application/json').body, /größer/)
})

void t.test(
  'Errors: empty standard error is distinguished from unknown standard error',
  async () => {
    const empty = new CgiError('CGI_ERR_NO_RESPONSE', { standardError: '' })
    assert.match(pageOf(empty, 'text/html').body, /<p>Empty\.</)
  },
)

const TYPED: readonly [hint: string, typed: readonly string[]][] = [
  ['Make it executable: chmod +x cgi-bin/a.cgi', ['chmod +x cgi-bin/a.cgi']],
  [
    String.raw`chmod -x 'it'\''s odd; or.sh', since it`,
    [String.raw`chmod -x 'it'\''s odd; or.sh'`],
  ],
  ['Debian: sudo apt-get install php-cgi); or', ['sudo apt-get install php-cgi']],
  [
    '(chmod +x a-b), with #!/bin/sh; or --interpreter .cgi=PROGRAM',
    ['chmod +x a-b', '#!/bin/sh', '--interpreter .cgi=PROGRAM'],
  ],
  ['ran them where it was started, as --cwd . does.', ['--cwd .']],
  ['its line (#!), such as #!/usr/bin/env python3.', ['#!/usr/bin/env python3']],
  ["as os.environ.get('A', '<').", ["os.environ.get('A', '<')"]],
  ['What a script prints first is its header.', []],
]
for (const [hint, typed] of TYPED) {
  void t.test(`Errors: what is to be typed is set as code: ${hint}`, async () => {
    const { body } = pageOf(new CgiError('CGI_ERR_NO_RESPONSE', { hint }), 'text/html')
    const [, html = ''] = /<p class="hint">(.*)<\/p>/.exec(body) ?? []
    const text = html.replaceAll('&#39;', "'").replaceAll('&lt;', '<')
    assert.deepEqual(
      [...text.matchAll(/<code>(.*?)<\/code>/g)].map(([, code]) => code),
      typed,
    )
    assert.equal(text.replace(/<\/?code>/g, ''), hint)
  })
}

void t.test(
  'Errors: the foot of the page says which clients see it, as the application has set it',
  async () => {
    const error = new CgiError('CGI_ERR_NO_RESPONSE')
    assert.match(
      pageOf(error, 'text/html').body,
      /<footer>\n<p>This page is shown .+NODE_ENV=production</,
    )
    const { body = '' } = createErrorPage(error, 'text/html', 'Only <you> see it.') ?? {}
    assert.match(body, /<footer>\n<p>Only &lt;you&gt; see it\.<\/p>/)
    assert.doesNotMatch(body, /NODE_ENV/)
  },
)

void t.test('Errors: there is no page for a client without an Accept field', async () => {
  assert.equal(createErrorPage(new CgiError('CGI_ERR_NO_RESPONSE')), null)
})

void t.test('Errors: there is no page for what has nothing to do with a script', async () => {
  for (const code of ['CGI_ERR_BAD_TARGET', 'CGI_ERR_METHOD_NOT_ALLOWED'] as const) {
    assert.equal(createErrorPage(new CgiError(code), 'text/html'), null)
  }
  for (const error of [undefined, null, 'error', new Error('other'), { statusCode: 502 }]) {
    assert.equal(createErrorPage(error, 'text/html'), null)
  }
  const notExecutable = new CgiError('CGI_ERR_NOT_EXECUTABLE', { script: '/a.cgi' })
  assert.ok(createErrorPage(notExecutable, 'text/html') !== null)
})

const HINTED: readonly [
  why: string,
  code: CgiErrorCode,
  details: ConstructorParameters<typeof CgiError>[1],
  hint: RegExp | undefined,
][] = [
  [
    'no execute permission',
    'CGI_ERR_NOT_EXECUTABLE',
    {
      script: "/srv/it's.cgi",
      fault: 'no-permission',
    },
    /`chmod \+x '\/srv\/it'\\''s\.cgi'`$/,
  ],
  [
    'execute permission that does not help',
    'CGI_ERR_NOT_EXECUTABLE',
    {
      script: '/bin/sh',
      fault: 'no-permission',
    },
    /`noexec`/,
  ],
  [
    'a byte order mark',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: '\ufeffContent-Type: text/html', reason: 'no field name' },
    /byte order mark/,
  ],
  [
    'UTF-16',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: 'ÿþC\0o\0n\0t\0', reason: 'the line contains a control character' },
    /UTF-16/,
  ],
  [
    'UTF-16, big end first',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: 'þÿ\0C\0o\0n\0t', reason: 'the line contains a control character' },
    /UTF-16/,
  ],
  [
    'two carriage returns',
    'CGI_ERR_BAD_HEADER',
    {
      line: 1,
      output: 'Content-Type: text/html\r',
      reason: 'the line contains a control character',
    },
    /two carriage returns/,
  ],
  [
    'a blank before the colon',
    'CGI_ERR_BAD_HEADER',
    { line: 2, output: 'Set-Cookie : a=b', reason: 'no field name' },
    /between the name of the field and its colon/,
  ],
  ['a status of words', 'CGI_ERR_BAD_HEADER', { fault: 'bad-status' }, /from 200 to 599/],
  [
    'a program that refuses to run',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: 'Munin has no data yet, sorry.', fault: 'no-colon' },
    /looks like a message/,
  ],
  [
    'a message with a colon',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: 'Cannot open the file: /var/x', reason: 'no field name' },
    /looks like a message/,
  ],
  ['a missing interpreter', 'CGI_ERR_SPAWN', { fault: 'ENOENT' }, /first line \(#!\)/],
  [
    'CRLF in the #! line',
    'CGI_ERR_SPAWN',
    { reason: String.raw`ENOENT: /srv/a.cgi, which begins with "#!/usr/bin/perl\r"` },
    /LF, not CRLF/,
  ],
  [
    'CRLF after env',
    'CGI_ERR_NO_RESPONSE',
    { exitCode: 127, standardError: "/usr/bin/env: 'python3\\r': No such file or directory\n" },
    /LF, not CRLF/,
  ],
  [
    'a program that is not there',
    'CGI_ERR_NO_RESPONSE',
    { exitCode: 127, standardError: 'a.cgi: 3: nothing: not found\n' },
    /PATH/,
  ],
  ['no #! line', 'CGI_ERR_SPAWN', { fault: 'ENOEXEC' }, /two characters #!/],
  [
    'output before the header',
    'CGI_ERR_BAD_HEADER',
    { line: 1, output: 'debug', fault: 'no-colon' },
    /prints its header first/,
  ],
  [
    'no empty line before the page',
    'CGI_ERR_BAD_HEADER',
    { line: 2, output: '<h1>', fault: 'no-colon' },
    /empty line after the header is missing/,
  ],
  [
    'no empty line at the end',
    'CGI_ERR_NO_RESPONSE',
    { output: 'Content-Type: text/html\n', reason: 'the output ended after 24 bytes' },
    /empty line after the header is missing/,
  ],
  [
    'an empty line first',
    'CGI_ERR_NO_RESPONSE',
    { fault: 'empty-header' },
    /began with an empty line/,
  ],
  ['silence', 'CGI_ERR_NO_RESPONSE', { standardError: '' }, /by hand/],
  ['a traceback', 'CGI_ERR_NO_RESPONSE', { exitCode: 1, standardError: 'Trace\n' }, undefined],
  ['a signal', 'CGI_ERR_KILLED', { signal: 'SIGSEGV' }, undefined],
  ['too much processor time', 'CGI_ERR_KILLED', { signal: 'SIGXCPU' }, /`cpuTimeLimit`/],
  ['too large a file', 'CGI_ERR_KILLED', { signal: 'SIGXFSZ' }, /`fileSizeLimit`/],
  [
    'a script that its user cannot reach',
    'CGI_ERR_SPAWN',
    { exitCode: 126, reason: 'setpriv: failed to execute /srv/a.cgi: Permission denied' },
    /`user`/,
  ],
]
for (const [why, code, details, expected] of HINTED) {
  void t.test(`Errors: what to do about ${why}`, async () => {
    const error = new CgiError(code, { script: '/srv/a.cgi', ...details })
    const { hint } = JSON.parse(pageOf(error, 'application/json').body) as { hint?: string }
    if (expected === undefined) assert.equal(hint, undefined)
    else assert.match(hint ?? '', expected)
    assert.equal(pageOf(error, 'text/html').body.includes('class="hint"'), expected !== undefined)
  })
}
