import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { dial, exchange, open, readUntil, send } from '../support/client.js'
import { NO_HANG, serveByCommand } from './command.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

const HEADER = `printf 'Content-Type: text/plain\\n\\n'`
const FAILING = 'The script ended without a response: the output ended after 0 bytes'

/** What one script of the site does. */
const script = (lines: string): string => `#!/bin/sh\n${lines}\n`

/** A line about a request, with these words in its columns; `ms` for a time, `PID` for a process. */
function line(...words: string[]): RegExp {
  const columns = words.map((word) => {
    if (word === 'ms') return String.raw`\d+ms`
    return word.replace(/[.?[\]]/g, String.raw`\$&`).replace('PID', String.raw`\d+`)
  })
  return new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{12}Z ${columns.join(' +')}$`)
}

void t.test(
  'each request is one line, with columns for what there is to know',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/forbidden.sh': script(`printf 'Status: 403 Forbidden\\n\\n'`),
      'cgi-bin/local.sh': script(`printf 'Location: /page.html\\n\\n'`),
      'cgi-bin/nph-raw.sh': script(`printf 'HTTP/1.1 200 OK\\r\\n\\r\\nraw'`),
      'cgi-bin/endless.sh': script(`${HEADER}; echo one; exec sleep 600`),
      'cgi-bin/large.sh': script(`${HEADER}; head -c 123456 /dev/zero`),
    })
    const command = await serveByCommand(t, folder)
    const { port } = command
    await send(port, '/page.html')
    await command.outputs(line('GET', '/page.html', '200', '-', 'ms', 'ms', '4 B'))
    await send(port, '/page.html?a=b', { method: 'HEAD' })
    await command.outputs(line('HEAD', '/page.html?a=b', '200', '-', 'ms', 'ms', '0 B'))
    await send(port, '/cgi-bin/forbidden.sh/more', { method: 'POST', body: 'a' })
    const forbidden = ['403', 'cgi-bin/forbidden.sh[PID]', 'ms', 'ms', '0 B']
    await command.outputs(line('POST', '/cgi-bin/forbidden.sh/more', ...forbidden))
    await send(port, '/nothing', { method: 'DELETE' })
    await command.outputs(line('DELETE', '/nothing', '404', '-', 'ms', 'ms', '14 B'))
    await send(port, '/%zz')
    await command.outputs(line('GET', '/%zz', '400', '-', 'ms', 'ms', '16 B'))
    await send(port, '/cgi-bin/local.sh?q', { method: 'POST', body: 'a' })
    const local = ['200', 'cgi-bin/local.sh[PID]', 'ms', 'ms', '4 B']
    await command.outputs(line('POST', '/cgi-bin/local.sh?q', ...local))
    await send(port, '/cgi-bin/nph-raw.sh')
    // All that such a script writes counts, its header too.
    const raw = ['200', 'cgi-bin/nph-raw.sh[PID]', 'ms', 'ms', '22 B']
    await command.outputs(line('GET', '/cgi-bin/nph-raw.sh', ...raw))
    await send(port, '/cgi-bin/large.sh')
    const large = ['200', 'cgi-bin/large.sh[PID]', 'ms', 'ms', '123 kB']
    await command.outputs(line('GET', '/cgi-bin/large.sh', ...large))
    const response = await open(port, '/cgi-bin/endless.sh')
    response.on('error', () => {})
    await once(response, 'data')
    response.destroy()
    const endless = ['200', 'cgi-bin/endless.sh[PID]', 'ms', 'ms', '4 B', 'aborted']
    await command.outputs(line('GET', '/cgi-bin/endless.sh', ...endless))

    command.signal('SIGTERM')
    const { output, errors } = await command.ended
    assert.equal(output.match(/^\d{4}-.+$/gm)?.length, 9, output)
    assert.equal(errors, '')
  },
)

void t.test(
  'what a script says on standard error is under its request, in one piece',
  NO_HANG,
  async (t) => {
    const slow = script('echo "from one" >&2; sleep 0.2; echo "more from one" >&2; exit 3')
    const folder = createSite(t, { 'page.html': 'page', 'cgi-bin/one.sh': slow })
    const command = await serve(t, folder)
    const answered = send(command.port, '/cgi-bin/one.sh')
    await send(command.port, '/page.html')
    assert.equal((await answered).status, 502)
    await command.outputs(/error: /)
    const lines = command.output.split('\n')
    const first = lines.indexOf('    from one')
    // On a slow machine the lines come before the request has ended, under a line of their own.
    assert.match(lines[first - 1] ?? '', / cgi-bin\/one\.sh\[\d+\] /)
    assert.equal(lines[first + 1], '    more from one')
    const end = lines.indexOf(`    error: ${FAILING} (exit code 3)`)
    assert.ok(end > first)
    assert.match(lines.findLast((each) => each.includes(' 502 ')) ?? '', /\/cgi-bin\/one\.sh /)
  },
)

void t.test(
  'a script that goes on is heard meanwhile, under a line that says so',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/long.sh': script(
        `${HEADER}; echo one >&2; while [ ! -e ../go ]; do sleep 0.05; done; echo two >&2`,
      ),
    })
    const command = await serve(t, folder)
    const answered = send(command.port, '/cgi-bin/long.sh')
    await command.outputs(/^ {4}one$/)
    await send(command.port, '/page.html')
    await command.outputs(/ \/page\.html /)
    writeFileSync(path.join(folder, 'go'), '')
    await answered
    await command.outputs(/^ {4}two$/)
    await command.outputs(/\/cgi-bin\/long\.sh .*\d+ B$/)
    const said = command.output.split('\n').filter((each) => /long\.sh|one|two|page/.test(each))
    assert.match(said[0] ?? '', /^ {4}cgi-bin\/long\.sh\[\d+\] is running; its standard error:$/)
    assert.equal(said[1], '    one')
    assert.match(said[2] ?? '', / \/page\.html /)
    // The request itself is one line.
    assert.equal(said.filter((each) => / GET +\/cgi-bin\/long\.sh +200 /.test(each)).length, 1)
    assert.equal(said.filter((each) => each.includes(' GET ')).length, 2)
  },
)

void t.test(
  'of a flood on standard error, the beginning and the end are in the log',
  NO_HANG,
  async (t) => {
    const sentence = 'something is deprecated, and here is a long sentence about what to do'
    const flood = (lines: number): string =>
      script(
        `i=0; while [ $i -lt ${lines} ]; do echo "warning $i: ${sentence}" >&2; i=$((i+1)); done
echo 'FATAL: the reason' >&2; exit 1`,
      )
    const folder = createSite(t, {
      'cgi-bin/flood.sh': flood(5_000),
      // More lines than are kept for Inspect, and not too many for the log.
      'cgi-bin/many.sh': script(
        'i=0; while [ $i -lt 550 ]; do echo $i >&2; i=$((i+1)); done; exit 1',
      ),
    })
    const command = await serve(t, folder)
    await send(command.port, '/cgi-bin/many.sh')
    await command.outputs(/error: /)
    assert.match(command.output, /^ {4}0$/m)
    assert.match(command.output, /^ {4}549$/m)
    assert.doesNotMatch(command.output, /too fast/)
    await send(command.port, '/cgi-bin/flood.sh')
    await command.outputs(
      /^ {4}\d+ bytes of its standard error exceeded the rate limit of the log$/,
    )
    assert.match(command.output, /^ {4}warning 0: /m)
    assert.match(command.output, /^ {4}FATAL: the reason$/m)
  },
)

void t.test(
  'what a client or a script sends cannot reach the terminal as a control character',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/errors.sh': script(
        `printf 'bell\\007 escape\\033[2J tab\\t csi\\302\\2331m \\342\\200\\256 Grüße\\r\\n' >&2; ${HEADER}`,
      ),
      'cgi-bin/\u001b[2J\u009b\u202e.sh': script('exit 1'),
    })
    for (const format of ['text', 'json']) {
      const command = await serveByCommand(t, folder, '--log', format)
      await send(command.port, '/cgi-bin/errors.sh')
      const shown = 'bell\\u{7} escape\\u{1b}[2J tab\t csi\\u{9b}1m \\u{202e} Grüße'
      if (format === 'text') assert.equal(await command.outputs(/bell/), `    ${shown}`)
      else await command.outputs(/bell\\u0007 escape\\u001b\[2J/)

      // Node's parser refuses them in a URL today.
      await exchange(command.port, 'GET /\x9b2J\xff HTTP/1.1\r\nHost: a\r\n\r\n')
      await send(command.port, '/%1b%5B2J"<')
      await send(command.port, '/cgi-bin/%1b%5B2J%C2%9B%E2%80%AE.sh')
      await command.outputs(/GET.*\/%1b%5B2J\\?"<.*404/)
      await command.outputs(/502.*\[2J/)
      command.signal('SIGTERM')
      const { output, errors } = await command.ended
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      assert.doesNotMatch(output + errors, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
    }
  },
)

void t.test(
  'a failure is a line under its request, with its reason, and in production the client gets none',
  NO_HANG,
  async (t) => {
    process.env['NODE_ENV'] = 'production'
    t.after(() => delete process.env['NODE_ENV'])
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/silent.sh': script('exit 3'),
      'cgi-bin/bad-header.sh': script(
        `printf 'Content-Type: text/plain\\nno colon\\n\\n'; sleep 600`,
      ),
      'cgi-bin/no-interpreter.sh': '#!/no/such/interpreter\n',
      'cgi-bin/cut.sh': script(`printf 'Content-Length: 9\\n\\nfour'`),
      'cgi-bin/exit-4.sh': script(`${HEADER}; exit 4`),
      'cgi-bin/killed.sh': script(`${HEADER}; kill -USR1 $$`),
    })
    const command = await serveByCommand(t, folder)
    const { port } = command
    const cases: [path: string, status: number, report: RegExp][] = [
      ['/cgi-bin/silent.sh', 502, /^ {4}error: The script ended .+ 0 bytes \(exit code 3\)$/],
      [
        '/cgi-bin/bad-header.sh',
        502,
        /^ {4}error: The script sent an invalid header: .+\(line 2 of its output\)$/,
      ],
      [
        '/cgi-bin/no-interpreter.sh',
        500,
        /^ {4}error: The script could not be started: ENOENT: .+$/,
      ],
      ['/cgi-bin/exit-4.sh', 200, /^ {4}the script ended abnormally: exit code 4$/],
      [
        '/cgi-bin/%2e%2e/x',
        400,
        /^ {4}error: The request path is invalid: the path has a dot segment$/,
      ],
    ]
    for (const [url, status, report] of cases) {
      const answer = await send(port, url, { headers: ['Accept', 'text/html'] })
      assert.equal(answer.status, status, url)
      assert.ok(!answer.text.includes('script'), answer.text)
      await command.outputs(report)
    }
    await assert.rejects(send(port, '/cgi-bin/cut.sh'))
    await command.outputs(
      /^ {4}error: the response was cut off: The response is shorter than its Content-Length: 5 bytes .+$/,
    )
    await assert.rejects(send(port, '/cgi-bin/killed.sh'))
    await command.outputs(/^ {4}error: .+ \(SIGUSR1\)$/)
    command.signal('SIGTERM')
    const { output, errors } = await command.ended
    assert.equal(errors, '')
    assert.match(output, / 403 |Common Gateway/)
  },
)

void t.test(
  'in development a failure is explained to a client on this machine, and is still in the log',
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
    await command.outputs(/The script ended without a response: .+ \(exit code 3\)$/)
    const bad = await send(command.port, '/cgi-bin/%2e%2e/x', { headers })
    assert.equal(bad.text, '400 Bad Request\n')

    // Whoever comes by a proxy may be anybody.
    const proxied = [...headers, 'X-Forwarded-For', '192.0.2.1']
    const plain = '502 Bad Gateway\n'
    assert.equal((await send(command.port, '/cgi-bin/silent.sh', { headers: proxied })).text, plain)
    const forAll = await serve(t, folder, '--watch-errors', 'on')
    const shown = await send(forAll.port, '/cgi-bin/silent.sh', { headers: proxied })
    assert.match(shown.text, /why it/)
    const closed = await serve(t, folder, '--watch-errors', 'off')
    assert.equal((await send(closed.port, '/cgi-bin/silent.sh', { headers })).text, plain)
  },
)

void t.test('--log json writes an object for each event', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'cgi-bin/talk.sh': script(`echo one >&2; cat >/dev/null; ${HEADER}; echo two >&2; exit 4`),
  })
  const command = await serveByCommand(t, folder, '--log', 'json')
  const text = await command.outputs(/"event":"start"/)
  const start = JSON.parse(text) as Record<string, unknown>
  assert.equal(start['url'], command.url)
  assert.equal(start['folder'], folder)
  assert.deepEqual(start['scripts'], [{ url: '/cgi-bin', count: 1, problems: [] }])
  await send(command.port, '/cgi-bin/talk.sh?q', { method: 'POST', body: 'four' })
  await command.outputs(/"event":"request"/)
  await send(command.port, '/cgi-bin/../x')
  await command.outputs(/"id":2,/)
  command.signal('SIGTERM')
  const { output, errors } = await command.ended
  assert.equal(errors, '')
  const events = output
    .trimEnd()
    .split('\n')
    // Each line is an object, or this throws.
    .map((each) => JSON.parse(each) as Record<string, unknown>)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['start', 'stderr', 'stderr', 'request', 'request'],
  )
  const [, first, second, request, failed] = events
  const file = path.join(folder, 'cgi-bin/talk.sh')
  assert.deepEqual([first?.['id'], first?.['script'], first?.['line']], [1, file, 'one'])
  assert.deepEqual([second?.['id'], second?.['line']], [1, 'two'])
  const { time, pid, queueTime, headerTime, duration, ...others } = request ?? {}
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000)
  for (const number of [pid, queueTime, headerTime, duration]) assert.equal(typeof number, 'number')
  assert.deepEqual(others, {
    event: 'request',
    id: 1,
    method: 'POST',
    url: '/cgi-bin/talk.sh?q',
    client: '127.0.0.1',
    status: 200,
    script: file,
    bytesIn: 4,
    bytesOut: 0,
    exitCode: 4,
  })
  assert.match(String(failed?.['error']), /dot segment/)
})

void t.test('a log that is no longer read does not stop the server', NO_HANG, async (t) => {
  const folder = createSite(t, { 'page.html': 'page' })
  const command = await serveByCommand(t, folder)
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
