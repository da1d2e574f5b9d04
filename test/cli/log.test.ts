import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { dial, exchange, open, readUntil, send } from '../client.js'
import { NO_HANG, serve } from './command.js'
import { createSite } from './site.js'

const HEADER = `printf 'Content-Type: text/plain\\n\\n'`

/** What one script of the site does. */
const script = (lines: string): string => `#!/bin/sh\n${lines}\n`

test('each request is one line: time, method, path, status, duration', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'page.html': 'page',
    'cgi-bin/forbidden.sh': script(`printf 'Status: 403 Forbidden\\n\\n'`),
    'cgi-bin/local.sh': script(`printf 'Location: /page.html\\n\\n'`),
    'cgi-bin/nph-raw.sh': script(`printf 'HTTP/1.1 200 OK\\r\\n\\r\\nraw'`),
    'cgi-bin/endless.sh': script(`${HEADER}; echo one; exec sleep 600`),
  })
  const command = await serve(t, folder)
  const { port } = command
  const line = (rest: string): RegExp => {
    return new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z ${rest}$`)
  }
  await send(port, '/page.html')
  await command.outputs(line(String.raw`GET /page\.html 200 \d+ms`))
  await send(port, '/page.html?a=b', { method: 'HEAD' })
  await command.outputs(line(String.raw`HEAD /page\.html\?a=b 200 \d+ms`))
  await send(port, '/cgi-bin/forbidden.sh/more', { method: 'POST', body: 'a' })
  await command.outputs(line(String.raw`POST /cgi-bin/forbidden\.sh/more 403 \d+ms`))
  await send(port, '/nothing', { method: 'DELETE' })
  await command.outputs(line(String.raw`DELETE /nothing 404 \d+ms`))
  await send(port, '/%zz')
  await command.outputs(line(String.raw`GET /%zz 400 \d+ms`))
  await send(port, '/cgi-bin/local.sh?q', { method: 'POST', body: 'a' })
  await command.outputs(line(String.raw`POST /cgi-bin/local\.sh\?q 200 \d+ms`))
  await send(port, '/cgi-bin/nph-raw.sh')
  await command.outputs(line(String.raw`GET /cgi-bin/nph-raw\.sh - \d+ms`))
  const response = await open(port, '/cgi-bin/endless.sh')
  response.on('error', () => {})
  await once(response, 'data')
  response.destroy()
  await command.outputs(line(String.raw`GET /cgi-bin/endless\.sh 200 \d+ms aborted`))

  command.signal('SIGTERM')
  const { output, errors } = await command.ended
  assert.equal(output.trimEnd().split('\n').length, 1 + 8, output)
  assert.equal(errors, '')
})

test(
  'what a client or a script sends cannot reach the terminal as a control character',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/errors.sh': script(
        `printf 'bell\\007 escape\\033[2J tab\\t csi\\302\\2331m \\342\\200\\256 Grüße\\r\\n' >&2; ${HEADER}`,
      ),
    })
    const command = await serve(t, folder)
    await send(command.port, '/cgi-bin/errors.sh')
    const shown = 'bell\\u{7} escape\\u{1b}[2J tab\t csi\\u{9b}1m \\u{202e} Grüße'
    const line = await command.reports(/bell/)
    assert.match(line, /^cgi-bin\/errors\.sh\[\d+\]: /)
    assert.ok(line.endsWith(shown), line)

    // Node's parser refuses them in a URL today.
    await exchange(command.port, 'GET /\x9b2J\xff HTTP/1.1\r\nHost: a\r\n\r\n')
    await send(command.port, '/%1b%5B2J"<')
    await command.outputs(/ GET \/%1b%5B2J"< 404 \d+ms$/)
    command.signal('SIGTERM')
    const { output, errors } = await command.ended
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    assert.doesNotMatch(output + errors, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
  },
)

test(
  'a failure is one line on standard error, with its reason, and in production the client hears none',
  NO_HANG,
  async (t) => {
    process.env['NODE_ENV'] = 'production'
    t.after(() => delete process.env['NODE_ENV'])
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/silent.sh': script('exit 3'),
      'cgi-bin/bad-header.sh': script(`printf 'Content-Type: text/plain\\nno colon\\n\\n'`),
      'cgi-bin/no-interpreter.sh': '#!/no/such/interpreter\n',
      'cgi-bin/cut.sh': script(`printf 'Content-Length: 9\\n\\nfour'`),
      'cgi-bin/exit-4.sh': script(`${HEADER}; exit 4`),
    })
    const command = await serve(t, folder)
    const { port } = command
    const cases: [path: string, status: number, report: RegExp][] = [
      [
        '/cgi-bin/silent.sh',
        502,
        /^cgi-bin\/silent\.sh\[\d+\]: The script ended without a response: its output ended after 0 bytes \(exit code 3\)$/,
      ],
      [
        '/cgi-bin/bad-header.sh',
        502,
        /^cgi-bin\/bad-header\.sh\[\d+\]: The script sent a header that is not valid: .+line 2 of its output.*\)$/,
      ],
      [
        '/cgi-bin/no-interpreter.sh',
        500,
        /^cgi-bin\/no-interpreter\.sh: The script could not be started: ENOENT: .+$/,
      ],
      [
        '/cgi-bin/exit-4.sh',
        200,
        /^cgi-bin\/exit-4\.sh\[\d+\]: the script did not end well \(exit code 4\)$/,
      ],
      [
        '/cgi-bin/%2e%2e/x',
        400,
        /^GET \/cgi-bin\/%2e%2e\/x: The path of the request is not valid: it has a dot segment$/,
      ],
    ]
    for (const [path, status, report] of cases) {
      const answer = await send(port, path)
      assert.equal(answer.status, status, path)
      assert.ok(!answer.text.includes('script'), answer.text)
      await command.reports(report)
    }
    await assert.rejects(send(port, '/cgi-bin/cut.sh'))
    await command.reports(
      /^cgi-bin\/cut\.sh\[\d+\]: the response breaks off: The script sent less than it promised: 5 bytes .+$/,
    )
    command.signal('SIGTERM')
    const { errors } = await command.ended
    for (const line of errors.trimEnd().split('\n'))
      assert.match(line, /^(?:cgi-bin|GET) ?\/[^ ]+: /)
  },
)

test(
  'in development a failure is explained to the client, and is still in the log',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/silent.sh': script('echo "why it <b>failed</b>" >&2; exit 3'),
    })
    const command = await serve(t, folder)
    const headers = ['Accept', 'text/html']
    const answer = await send(command.port, '/cgi-bin/silent.sh', { headers })
    assert.equal(answer.status, 502)
    assert.match(answer.text, /<dt>Exit code<\/dt><dd>3<\/dd>/)
    assert.match(answer.text, /why it &lt;b&gt;failed&lt;\/b&gt;/)
    await command.reports(/The script ended without a response: .+ \(exit code 3\)$/)
    const bad = await send(command.port, '/cgi-bin/%2e%2e/x', { headers })
    assert.equal(bad.text, '400 Bad Request\n')
  },
)

test('a log that nobody reads any more does not stop the server', NO_HANG, async (t) => {
  const folder = createSite(t, { 'page.html': 'page' })
  const command = await serve(t, folder)
  command.closeOutput()
  const socket = await dial(command.port)
  t.after(() => socket.destroy())
  for (let count = 0; count < 3; count += 1) {
    socket.write('GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n')
    await readUntil(socket, /\r\n\r\npage$/)
  }
  command.signal('SIGTERM')
  assert.equal((await command.ended).code, 0)
})
