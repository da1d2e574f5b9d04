import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { fileURLToPath } from 'node:url'
import { dial, exchange, open, readToEnd, readUntil, receive, send } from '../support/client.js'
import { descriptorsOf, until } from '../support/processes.js'
import { Command, NO_HANG, ready } from './command.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

const SCRIPT = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nran"\n'
const TLS = ['certificate', 'key'].map((name) =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url)),
)
const NOT_FOUND = [404, '404 Not Found\n']
const IS_ROOT = process.getuid?.() === 0

/** Makes a site, in which a shell does the same again and again until the test is over. */
async function createChangingSite(
  t: Test,
  files: Readonly<Record<string, string>>,
  commands: string,
): Promise<string> {
  const folder = createSite(t, files)
  const shell = spawn('sh', ['-c', `${commands}; echo; while :; do ${commands}; done`], {
    cwd: folder,
  })
  // tap calls this before it removes the folder, which is not empty as long as the shell writes into it.
  t.after(async () => {
    shell.kill('SIGKILL')
    await once(shell, 'close')
  })
  await once(shell.stdout, 'data')
  return folder
}

void t.test(
  'RES-7 nothing but a regular file is opened, whatever leads to it',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'page.html': 'page',
      'sub/page.html': 'page',
      'top/page.html': 'page',
      'cgi-bin/script.sh': SCRIPT,
    })
    const at = (name: string): string => path.join(folder, name)
    for (const name of ['queue', 'sub/queue', 'top/index.html']) {
      execFileSync('mkfifo', [at(name)])
    }
    symlinkSync('queue', at('latest.log'))
    symlinkSync('sub', at('link-to-sub'))
    symlinkSync('loop-b', at('loop-a'))
    symlinkSync('loop-a', at('loop-b'))
    symlinkSync('/dev/zero', at('zero'))
    symlinkSync('/etc', at('out'))
    const server = createServer().listen(at('app.sock'))
    t.after(() => server.close())
    if (IS_ROOT) execFileSync('mknod', [at('device.bin'), 'c', '1', '5'])
    const command = await serve(t, folder)
    const { port } = command
    const refused = ['/queue', '/queue/', '/queue/x', '/sub/queue', '/link-to-sub/queue', '/top/']
    refused.push('/latest.log', '/top', '/top/index.html', '/loop-a', '/loop-a/', '/loop-a/x')
    refused.push('/zero', '/out', '/out/', '/out?a=b', '/app.sock', '/device.bin', '/page.html/')
    for (const url of refused) {
      const answer = await send(port, url)
      assert.deepEqual([answer.status, answer.text], NOT_FOUND, url)
      assert.deepEqual(answer.all('location'), [], url)
      const ranged = await send(port, url, { headers: ['Range', 'bytes=0-0'] })
      assert.equal(ranged.status, 404, url)
      assert.equal((await send(port, url, { method: 'HEAD' })).status, 404, url)
      assert.equal((await send(port, url, { method: 'POST', body: 'a' })).status, 404, url)
    }
    const list = (await send(port, '/')).text
    for (const name of ['queue', 'latest.log', 'loop', 'zero', 'out', 'sock', 'device']) {
      assert.ok(!list.includes(`./${name}`), name)
    }
    assert.equal((await send(port, '/page.html')).text, 'page')
    assert.equal((await send(port, '/cgi-bin/script.sh')).text, 'ran')
    await command.stop()
    assert.doesNotMatch(command.output, /error/)
  },
)

void t.test('RES-7 a FIFO that takes the place of a file is not waited for', NO_HANG, async (t) => {
  const commands = 'printf x > new; mv new swapped; mkfifo new; mv new swapped'
  const folder = await createChangingSite(t, { 'page.html': 'page' }, commands)
  const { port } = await serve(t, folder)
  for (let count = 0; count < 100; count += 1) {
    const { status } = await send(port, '/swapped')
    assert.ok(status === 200 || status === 404, `${status}`)
  }
  assert.equal((await send(port, '/page.html')).text, 'page')
})

void t.test('what this user may not read is 403, and is not listed', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'closed.txt': 'secret',
    'shut/page.html': 'secret',
    'unlisted/page.html': 'page',
    'indexed/index.html': 'secret',
    'page.html': 'page',
  })
  // tap calls this before it removes the folder, which asks for the right to look into it.
  t.after(() => chmodSync(path.join(folder, 'shut'), 0o700))
  chmodSync(folder, 0o755)
  for (const name of ['closed.txt', 'shut', 'indexed/index.html']) {
    chmodSync(path.join(folder, name), 0o000)
  }
  chmodSync(path.join(folder, 'unlisted'), 0o111)
  const args = [folder, '--port', '0']
  const command = await ready(new Command(t, args, undefined, IS_ROOT ? 65_534 : undefined))
  const { port } = command
  for (const url of ['/closed.txt', '/shut', '/shut/', '/unlisted', '/unlisted/', '/indexed/']) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(port, url, { method })
      assert.equal(answer.status, 403, url)
      assert.deepEqual(answer.all('location'), [])
    }
  }
  assert.equal((await send(port, '/shut/page.html')).status, 404)
  assert.equal((await send(port, '/unlisted/page.html')).text, 'page')
  const list = (await send(port, '/')).text
  assert.match(list, /page\.html/)
  assert.doesNotMatch(list, /closed|shut|unlisted/)
  await command.outputs(/error: The server cannot read the file: .+\/closed\.txt$/)
})

/** Reads one answer by its Content-Length; the beginning of one where the connection is cut. */
async function readWhole(connection: Socket): Promise<string> {
  let text = ''
  try {
    for (;;) {
      text += await readUntil(connection, /./s)
      const [header = '', content] = text.split('\r\n\r\n', 2)
      const [, length = '0'] = /^content-length: (\d+)$/im.exec(header) ?? []
      if (content !== undefined && content.length >= Number(length)) return text
    }
  } catch {
    return ''
  }
}

void t.test('RES-5 not a byte is sent beyond the length that was told', NO_HANG, async (t) => {
  const commands = ': > now.log; printf 0123456789 > now.log'
  const folder = await createChangingSite(t, { 'empty.txt': '' }, commands)
  const { port } = await serve(t, folder)
  let connection = await dial(port)
  t.after(() => connection.destroy())
  for (let count = 0; count < 300; count += 1) {
    connection.write(`GET /now.log HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.match(
      await readWhole(connection),
      /^(HTTP\/1\.1 200 OK\r\n.*\r\n\r\n(0123456789)?|HTTP\/1\.1 500.+)?$/s,
    )
    // It was empty once more by the time that it was read.
    if (connection.closed) connection = await dial(port)
  }
  const empty = await send(port, '/empty.txt')
  assert.deepEqual([empty.status, empty.text, empty.all('content-length')], [200, '', ['0']])
})

void t.test(
  'RES-5 a file that becomes shorter cuts the connection, and the log',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {})
    const file = path.join(folder, 'build.bin')
    const plain = await serve(t, folder)
    const [certificate = '', key = ''] = TLS
    const secure = await serve(t, folder, '--tls-cert', certificate, '--tls-key', key)
    for (const line of ['HTTP/1.1', 'HTTP/1.0', 'HTTP/1.0\r\nConnection: keep-alive']) {
      writeFileSync(file, Buffer.alloc(24 * 1024 ** 2, 'x'))
      const connection = await dial(plain.port)
      connection.write(`GET /build.bin ${line}\r\nHost: a\r\n\r\n`)
      await readUntil(connection, /\r\n\r\n/)
      truncateSync(file, 1000)
      // By whichever sign: HTTP/1.0 has none but a reset.
      await readToEnd(connection).catch(() => {})
      assert.ok(connection.bytesRead < 24 * 1024 ** 2)
    }
    for (const httpVersion of [1, 2] as const) {
      writeFileSync(file, Buffer.alloc(24 * 1024 ** 2, 'x'))
      const response = await open({ port: secure.port, scheme: 'https', httpVersion }, '/build.bin')
      truncateSync(file, 1000)
      await assert.rejects(receive(response))
    }
    await plain.outputs(/error: the response was cut off: the file became shorter$/)
    await secure.outputs(/error: the response was cut off: the file became shorter$/)
    await until(() => !descriptorsOf(process.pid).includes(file), 'the file is closed')
  },
)

void t.test(
  'RES-7 ranges and validators of files (RFC 9110 sections 13 and 14)',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { 'a.txt': '0123456789', 'b.unknown': 'b', 'c.MJS': 'c' })
    const { port } = await serve(t, folder)
    const first = await send(port, '/a.txt')
    const [etag = ''] = first.all('etag')
    assert.deepEqual(first.all('content-type'), ['text/plain; charset=utf-8'])
    for (const [headers, status, text] of [
      [['Range', 'bytes=1-2'], 206, '12'],
      [['Range', 'bytes=1-2-3'], 200, '0123456789'],
      [['Range', 'bytes=2-1'], 200, '0123456789'],
      [['Range', 'bytes=0-1,4-5'], 200, '0123456789'],
      [['Range', 'bytes=10-'], 416, '416 Range Not Satisfiable\n'],
      [['If-None-Match', etag], 304, ''],
      [['If-None-Match', '"x"'], 200, '0123456789'],
      [['If-Match', '"x"'], 412, '412 Precondition Failed\n'],
      [['If-Match', '*'], 200, '0123456789'],
    ] as const) {
      const answer = await send(port, '/a.txt', { headers })
      assert.deepEqual([answer.status, answer.text], [status, text], headers.join())
      if (status === 416) assert.deepEqual(answer.all('content-range'), ['bytes */10'])
      const head = await send(port, '/a.txt', { method: 'HEAD', headers })
      // A range is for a GET.
      const isRanged = status === 206 || status === 416
      assert.deepEqual([head.status, head.text], [isRanged ? 200 : status, ''], headers.join())
      if (status === 200) assert.deepEqual(head.all('content-length'), ['10'])
    }
    const types = await Promise.all(['/b.unknown', '/c.MJS'].map((url) => send(port, url)))
    assert.deepEqual(
      types.map((each) => each.all('content-type')),
      [['application/octet-stream'], ['text/javascript; charset=utf-8']],
    )
    await until(
      () => !descriptorsOf(process.pid).some((each) => each.startsWith(folder)),
      'all files are closed',
    )
  },
)

void t.test('clients that leave in the middle of a file leave nothing open', NO_HANG, async (t) => {
  const folder = createSite(t, { 'large.bin': 'a'.repeat(8 * 1024 ** 2) })
  const { port } = await serve(t, folder)
  for (let count = 0; count < 20; count += 1) {
    const response = await open(port, '/large.bin')
    response.on('error', () => {})
    response.destroy()
  }
  for (let count = 0; count < 20; count += 1) {
    const connection = await dial(port)
    connection.write('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n')
    connection.resetAndDestroy()
  }
  await until(
    () => !descriptorsOf(process.pid).some((each) => each.startsWith(folder)),
    'all files are closed',
  )
})

void t.test('/.well-known/ is sent, and nothing that is hidden in it', NO_HANG, async (t) => {
  const secret = 'secret'
  const folder = createSite(t, {
    '.well-known/acme-challenge/token_1-A': 'token_1-A.thumbprint',
    '.well-known/security.txt': 'Contact: mailto:a@example.com',
    '.well-known/.hidden': secret,
    '.well-known/.git/config': secret,
    '.well-known/.well-known/a': secret,
    '.well-known/cgi-bin/script.sh': `#!/bin/sh\n# ${secret}\n`,
    '.Well-Known/a': secret,
    '.well-known.txt': secret,
    'sub/.well-known/a': secret,
  })
  mkdirSync(path.join(folder, '.well-known/empty'))
  const { port } = await serve(t, folder)
  const challenge = await send(port, '/.well-known/acme-challenge/token_1-A')
  assert.deepEqual([challenge.status, challenge.text], [200, 'token_1-A.thumbprint'])
  assert.match((await send(port, '/.well-known/security.txt')).text, /^Contact: /)
  for (const url of [
    '/.well-known/.hidden',
    '/.well-known/%2ehidden',
    '/.well-known/.git/config',
    '/.well-known/.well-known/a',
    '/.well-known/cgi-bin/script.sh',
    '/.Well-Known/a',
    '/.well-known.txt',
    '/sub/.well-known/a',
    '/.well-known/../.well-known.txt',
    '/.well-known/missing',
  ]) {
    const answers = await exchange(
      port,
      `GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    )
    assert.match(answers, /^HTTP\/1\.1 404 /, url)
  }
})
