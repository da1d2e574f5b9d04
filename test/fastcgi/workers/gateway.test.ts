import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CgiOptions } from '@common-gateway/core'
import { fastcgi, type UpstreamChange } from '@common-gateway/fastcgi'
import t, { type Test } from 'tap'
import { needs } from '../../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../../core/temporary-folder.js'
import { nodeHttp, type RunningGateway } from '../../support/adapters.js'
import { dial, send } from '../../support/client.js'
import { isRunning, until, untilGone } from '../../support/processes.js'
import { APPLICATION } from './pools.js'

const BOUNDED = { timeout: 60_000 }
/** More than the start of a process takes on a busy machine, in milliseconds. */
const SLOW = 5_000

type FastcgiOptions = Exclude<Parameters<typeof fastcgi>[0], string | readonly string[]>

/** Starts a server whose every path is the application's. */
async function start(
  t: Test,
  workers: FastcgiOptions = {},
  options: CgiOptions<never> = {},
): Promise<RunningGateway> {
  const script = fastcgi({ spawn: APPLICATION, processes: 1, ...workers })
  return startGateway(t, { script, killTimeout: 500, ...options })
}

async function startGateway(t: Test, options: CgiOptions<never>): Promise<RunningGateway> {
  const gateway = await nodeHttp.start({ mount: '/', options })
  t.after(() => gateway.close())
  return gateway
}

const hanging = async (gateway: RunningGateway): Promise<number[]> => {
  const { message } = await gateway.logged((record) => record.message.startsWith('hanging'))
  return message.split(' ').slice(1).map(Number)
}

void t.test('UP-8 workers are among the upstreams', BOUNDED, async (t) => {
  const gateway = await start(t, { processes: 2 })
  const { status, text } = await send(gateway, '/')
  assert.equal(status, 200)
  const [first, second] = gateway.stats().upstreams ?? []
  assert.deepEqual(first, {
    id: first?.id,
    name: 'node 1',
    pid: Number(text),
    state: 'up',
    busy: 0,
    idle: 1,
    maxConnections: 1,
    requests: 1,
    failures: 0,
    retries: 0,
  })
  assert.equal(second?.state, 'stopped')
  assert.notEqual(second.id, first?.id)
  assert.equal((await send(gateway, '/')).text, text, 'a worker that runs is preferred')
})

void t.test('UP-8 the signal that has ended a worker is known', BOUNDED, async (t) => {
  const gateway = await start(t)
  const { text } = await send(gateway, '/')
  const answer = await send(gateway, '/?crash', { method: 'POST', body: 'once' })
  assert.equal(answer.status, 502)
  const record = await gateway.logged(({ code }) => code === 'CGI_ERR_KILLED')
  assert.equal(record['signal'], 'SIGKILL')
  assert.equal(record['upstream'], 'node 1')
  assert.equal(record['pid'], Number(text))
  const next = await send(gateway, '/')
  assert.equal(next.status, 200)
  assert.notEqual(next.text, text)
})

void t.test('UP-8 an answer whose worker ends is cut off', BOUNDED, async (t) => {
  const gateway = await start(t)
  await assert.rejects(send(gateway, '/?half'))
  assert.equal((await send(gateway, '/')).status, 200)
})

void t.test('UP-8 a worker that exits instead of an answer says why', BOUNDED, async (t) => {
  const gateway = await start(t)
  await send(gateway, '/')
  assert.equal((await send(gateway, '/?exit')).status, 502)
  const record = await gateway.logged(({ code }) => code === 'CGI_ERR_NO_RESPONSE')
  assert.equal(record['exitCode'], 3)
  assert.match(String(record['reason']), /exited with code 3 .*as I was asked to$/)
})

void t.test(
  'UP-8 a program that exits before it has read a request is started after growing delays',
  BOUNDED,
  async (t) => {
    const gateway = await start(t)
    const stateOf = (): unknown => gateway.stats().upstreams?.[0]?.state
    const body = Buffer.alloc(4 * 1024 ** 2)
    for (let requests = 0; requests < 3; requests += 1) {
      assert.equal((await send(gateway, '/?leave', { method: 'POST', body })).status, 502)
      await until(() => stateOf() === 'stopped', 'the delay is over')
    }
    const delays = gateway.log.flatMap(({ delay }) => (typeof delay === 'number' ? delay : []))
    assert.deepEqual(delays, [100, 200, 400])
    // Any other request shows that it works.
    assert.equal((await send(gateway, '/')).status, 200)
  },
)

void t.test(
  'UP-8 a program that exits after each request costs a start each',
  BOUNDED,
  async (t) => {
    const gateway = await start(t)
    for (let requests = 0; requests < 3; requests += 1) {
      assert.equal((await send(gateway, '/?exit')).status, 502)
    }
    const ends = gateway.log.filter(({ message }) => message === 'a worker has ended by itself')
    assert.equal(ends.length, 3)
    assert.equal((await send(gateway, '/')).status, 200)
  },
)

void t.test('UP-8 a request that is too slow costs its worker only', BOUNDED, async (t) => {
  const gateway = await start(t, { processes: 2 }, { headersTimeout: SLOW })
  const { text } = await send(gateway, '/')
  const slow = send(gateway, '/?hang')
  const pids = await hanging(gateway)
  assert.deepEqual(pids[0], Number(text))
  assert.equal((await send(gateway, '/')).status, 200)
  assert.equal((await slow).status, 504)
  await untilGone(...pids)
  const all = await Promise.all(Array.from({ length: 10 }, () => send(gateway, '/')))
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]))
})

void t.test(
  'UP-8 a client that leaves ends its worker, and the next is served',
  BOUNDED,
  async (t) => {
    const gateway = await start(t)
    const client = await dial(gateway)
    client.write('GET /?hang HTTP/1.1\r\nHost: a\r\n\r\n')
    const pids = await hanging(gateway)
    const queued = send(gateway, '/')
    client.resetAndDestroy()
    assert.equal((await queued).status, 200)
    await untilGone(...pids)
  },
)

void t.test('UP-8 requests wait for a worker', BOUNDED, async (t) => {
  const gateway = await start(t, { processes: 2 })
  const all = await Promise.all(Array.from({ length: 20 }, () => send(gateway, '/')))
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]))
  assert.ok(new Set(all.map(({ text }) => text)).size <= 2)
})

void t.test(
  'UP-8 a program that ends at once is an error that shows its reason',
  BOUNDED,
  async (t) => {
    const starts = path.join(createTemporaryFolder(t), 'starts')
    const spawn = ['/bin/sh', '-c', `echo >> '${starts}'; echo 'no such library' >&2; exit 4`]
    const gateway = await start(t, { spawn, processes: 2 })
    for (let requests = 0; requests < 20; requests += 1) {
      assert.equal((await send(gateway, '/')).status, 502)
      const record = gateway.log.findLast(({ code }) => code !== undefined)
      assert.equal(record?.['code'], 'CGI_ERR_NO_UPSTREAM')
      assert.match(
        String(record['reason']),
        /with exit code 4 before it answered a request: no such library$/,
      )
    }
    // By two workers, at 0, 100, 300, 700 ms and so on, while each request waits for a short delay.
    const count = readFileSync(starts, 'utf8').length
    assert.ok(count <= 14, `it was started ${count} times`)
    const states = gateway.stats().upstreams?.map(({ state }) => state)
    assert.ok(states?.every((state) => state === 'down' || state === 'stopped'))
  },
)

void t.test('UP-8 a program that accepts nothing is ended with its request', BOUNDED, async (t) => {
  const gateway = await start(t, { spawn: ['/bin/sleep', '600'] }, { headersTimeout: 2_000 })
  assert.equal((await send(gateway, '/')).status, 504)
  await until(() => gateway.stats().upstreams?.[0]?.pid === undefined, 'it is ended')
})

void t.test('UP-8 no request is lost where workers are replaced', BOUNDED, async (t) => {
  const gateway = await start(t, { processes: 2, maxRequests: 7 })
  for (const method of ['GET', 'POST']) {
    const body = method === 'POST' ? { body: 'text' } : {}
    const all = await Promise.all(
      Array.from({ length: 50 }, () => send(gateway, '/', { method, ...body })),
    )
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]))
    assert.ok(new Set(all.map(({ text }) => text)).size > 5)
  }
})

void t.test('UP-8 workers of two gateways end with the last', BOUNDED, async (t) => {
  const script = fastcgi({ spawn: APPLICATION, processes: 1 })
  const first = await startGateway(t, { script })
  const second = await startGateway(t, { script })
  const { text } = await send(first, '/')
  assert.equal((await send(second, '/')).text, text)
  await first.close()
  assert.equal((await send(second, '/')).text, text)
  await second.close()
  assert.equal(isRunning(Number(text)), false)
})

void t.test('UP-8 lines of shared workers go to a gateway that lives', BOUNDED, async (t) => {
  const script = fastcgi({ spawn: APPLICATION, processes: 1 })
  const first = await startGateway(t, { script })
  const second = await startGateway(t, { script })
  const linesOf = (gateway: RunningGateway): number =>
    gateway.log.filter(({ message }) => message === 'two').length
  await send(first, '/?say')
  await send(second, '/?say')
  await until(() => linesOf(first) === 2, 'the first that has used them logs their lines')
  await first.close()
  await send(second, '/?say')
  await until(() => linesOf(second) === 1, 'the other one does')
})

void t.test('UP-8 starts and ends of workers are published', BOUNDED, async (t) => {
  const changes: UpstreamChange[] = []
  const listener = (message: unknown): void => void changes.push(message as UpstreamChange)
  subscribe('common-gateway:upstream:change', listener)
  t.after(() => unsubscribe('common-gateway:upstream:change', listener))
  const gateway = await start(t)
  const first = Number((await send(gateway, '/')).text)
  process.kill(first, 'SIGKILL')
  await until(() => changes.length === 2, 'its end is published')
  const second = Number((await send(gateway, '/')).text)
  await gateway.close()
  assert.deepEqual(
    changes.map(({ upstream, pid, reason }) => [upstream.name, upstream.state, pid, reason]),
    [
      // It has the request that has started it.
      ['node 1', 'full', first, 'it has been started'],
      ['node 1', 'stopped', first, 'it has ended by SIGKILL'],
      ['node 1', 'full', second, 'it has been started'],
      ['node 1', 'stopped', second, 'the last gateway that has it is closed'],
    ],
  )
})

void t.test('UP-7 a worker that is frozen is counted, and replaced', BOUNDED, async (t) => {
  const gateway = await start(t, {}, { headersTimeout: SLOW })
  const { text } = await send(gateway, '/')
  process.kill(Number(text), 'SIGSTOP')
  assert.equal((await send(gateway, '/')).status, 504)
  const next = await send(gateway, '/')
  assert.equal(next.status, 200)
  assert.notEqual(next.text, text)
  assert.equal(gateway.stats().upstreams?.[0]?.failures, 1)
  await untilGone(Number(text))
})

void t.test('UP-8 options of workers are checked', async () => {
  assert.throws(() => fastcgi('no-such-program-of-test'), {
    code: 'CGI_ERR_INVALID_OPTION',
  })
  assert.throws(() => fastcgi({ spawn: '/bin/true', openFileLimit: -1 }), {
    code: 'CGI_ERR_INVALID_OPTION',
  })
})

const PHP = `<?php
if (($_GET['do'] ?? '') === 'loop') { while (true); }
if (($_GET['do'] ?? '') === 'die') { posix_kill(getmypid(), SIGKILL); }
if (($_GET['do'] ?? '') === 'warn') { error_log('a warning of PHP'); }
echo getmypid(), ' ', strlen(file_get_contents('php://input'));
`

void t.test('php-cgi as workers', needs('php-cgi'), async (t) => {
  const root = createTemporaryFolder(t)
  writeFileSync(path.join(root, 'index.php'), PHP)

  async function startPhp(
    t: Test,
    workers: FastcgiOptions = {},
    options: CgiOptions<never> = {},
  ): Promise<RunningGateway> {
    const php = fastcgi({ spawn: 'php-cgi', processes: 2, ...workers })
    return startGateway(t, { root, interpreters: { '.php': php }, ...options })
  }

  void t.test('UP-8 PHP answers, and keeps its processes', BOUNDED, async (t) => {
    const gateway = await startPhp(t)
    const body = Buffer.alloc(300_000)
    const first = await send(gateway, '/index.php', { method: 'POST', body })
    assert.match(first.text, /^\d+ 300000$/)
    const pids = new Set<string>()
    for (let requests = 0; requests < 20; requests += 1) {
      const { text } = await send(gateway, '/index.php')
      pids.add(text.split(' ')[0] ?? '')
    }
    assert.equal(pids.size, 1)
    const [, variables = ''] =
      /(.*)/s.exec(readFileSync(`/proc/${[...pids][0]}/environ`, 'latin1')) ?? []
    assert.doesNotMatch(variables, /HOME=|npm_|NODE_/)
  })

  void t.test('UP-8 a loop in PHP is ended, and costs its worker only', BOUNDED, async (t) => {
    const gateway = await startPhp(t, { processes: 1 }, { headersTimeout: SLOW })
    const [pid = ''] = (await send(gateway, '/index.php')).text.split(' ')
    assert.equal((await send(gateway, '/index.php?do=loop')).status, 504)
    const next = await send(gateway, '/index.php')
    assert.equal(next.status, 200)
    assert.notEqual(next.text.split(' ')[0], pid)
    // SIGTERM does not end it.
    await untilGone(Number(pid))
    assert.equal((await send(gateway, '/index.php?do=die')).status, 502)
    assert.equal((await send(gateway, '/index.php')).status, 200)
  })

  void t.test('UP-8 PHP ends when it is idle, at once', BOUNDED, async (t) => {
    const gateway = await startPhp(t, { processes: 1, idleTimeout: 200 })
    const [pid] = (await send(gateway, '/index.php')).text.split(' ')
    // It reads from its kept connection, which is closed before.
    await until(() => !isRunning(Number(pid)), 'it has ended')
    assert.equal((await send(gateway, '/index.php')).status, 200)
    const since = performance.now()
    await gateway.close()
    assert.ok(performance.now() - since < 4_000, 'it has ended by SIGTERM')
  })

  void t.test('UP-8 no request to PHP is lost where workers are replaced', BOUNDED, async (t) => {
    const gateway = await startPhp(t, { maxRequests: 10 })
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        index % 2 === 0
          ? send(gateway, '/index.php')
          : send(gateway, '/index.php', { method: 'POST', body: 'text' }),
      ),
    )
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]))
  })
})

void t.test("Perl's FCGI as a worker", { ...BOUNDED, ...needs('FCGI.pm') }, async (t) => {
  const program = writeProgram(
    createTemporaryFolder(t),
    'app.pl',
    `#!/usr/bin/perl
use FCGI;
my $request = FCGI::Request();
while ($request->Accept() >= 0) {
  print "Content-Type: text/plain\r\n\r\n$$ $ENV{PATH_INFO}";
  print STDERR "a line of Perl\n";
}
`,
  )
  const gateway = await start(t, { spawn: program })
  const first = await send(gateway, '/one')
  const second = await send(gateway, '/two')
  assert.match(first.text, /^\d+ \/one$/)
  assert.equal(second.text, first.text.replace('one', 'two'))
  await gateway.logged(({ message }) => message === 'a line of Perl')
})

void t.test('fcgiwrap as workers', { ...BOUNDED, ...needs('fcgiwrap') }, async (t) => {
  const root = createTemporaryFolder(t)
  writeProgram(root, 'hello.cgi', `#!/bin/sh\necho 'Content-Type: text/plain'; echo; echo hello\n`)
  writeProgram(root, 'hang.cgi', `#!/bin/sh\nsleep 600 & echo "$$ $!" > "$0.pids"; wait\n`)
  const transport = fastcgi({ spawn: ['/usr/sbin/fcgiwrap', '-f'], processes: 1 })
  const gateway = await startGateway(t, { root, transport, headersTimeout: SLOW })
  assert.equal((await send(gateway, '/hello.cgi')).text, 'hello\n')
  assert.equal((await send(gateway, '/hang.cgi')).status, 504)
  const pids = readFileSync(path.join(root, 'hang.cgi.pids'), 'utf8').trim().split(' ').map(Number)
  await untilGone(...pids)
  assert.equal((await send(gateway, '/hello.cgi')).text, 'hello\n')
})
