import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { PassThrough, type Readable } from 'node:stream'
import type { Adapter, RunningGateway } from '../adapters.js'
import { dial, exchange, open, type Peer, readUntil, receive, send } from '../client.js'
import { CGI_BIN, saying } from '../fixtures.js'
import { isRunning, until, untilGone } from '../processes.js'
import { http1TestOf } from './http1.js'
import { pidsIn } from './request-body.js'

/** What becomes of scripts, whatever they and their clients do. */
export function processSuite(adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  describe(`LIFE, LIM, LOG, Errors (${adapter.name})`, () => {
    let gateway: RunningGateway
    before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN, lingerTimeout: 200 } })
    })
    after(() => gateway.close())

    async function startWith(
      t: TestContext,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, ...options } })
      t.after(() => own.close())
      return own
    }

    function temporaryFile(t: TestContext): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      return path.join(folder, 'file')
    }

    /** Opens a response of a script that says its pids in its first line. */
    async function pidsOf(peer: Peer, url: string): Promise<[Readable, number[]]> {
      const response: Readable = await open(peer, url)
      response.on('error', () => {})
      const [line] = (await once(response, 'data')) as [Buffer]
      return [response, line.toString().trim().split(' ').map(Number)]
    }

    test('LIFE-1 stops a script and its children when the client goes away', async () => {
      const [response, pids] = await pidsOf(gateway, '/cgi-bin/wait.cgi')
      assert.ok(pids.every(isRunning))
      response.destroy()
      await untilGone(...pids)
    })

    http1Test('LIFE-1 stops a script that is silent when the client goes away', async (t) => {
      const file = temporaryFile(t)
      const socket = await dial(gateway)
      socket.write(`GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const silent = await pidsIn(file)
      socket.resetAndDestroy()
      await untilGone(...silent)
    })

    http1Test('LIFE-1 stops a script whose turn on the connection has not come', async (t) => {
      const files = [temporaryFile(t), temporaryFile(t)]
      const socket = await dial(gateway)
      for (const file of files) {
        socket.write(`GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n`)
      }
      const pids = (await Promise.all(files.map(pidsIn))).flat()
      socket.resetAndDestroy()
      await untilGone(...pids)
    })

    http1Test(
      'LIFE-1 an NPH response that has to wait for its turn, and never gets it',
      async (t) => {
        const file = temporaryFile(t)
        const socket = await dial(gateway)
        socket.write(
          `GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n` +
            'GET /cgi-bin/nph-wait.cgi HTTP/1.1\r\nHost: a\r\n\r\n',
        )
        const pids = await pidsIn(file)
        const nph = await gateway.logged(({ message }) => message.startsWith('waiting is '))
        socket.resetAndDestroy()
        await untilGone(...pids, Number(nph.message.slice('waiting is '.length)))
      },
    )

    test('LIFE-1, BODY-3 a script that answers early and reads on has all of its input', async () => {
      const size = 40_000_000
      const body = Buffer.alloc(size, 'x')
      const sending = { method: 'POST', body }
      const answer = await send(gateway, '/cgi-bin/answer-and-read.cgi', sending)
      assert.equal(answer.text, 'ok')
      await gateway.logged(({ message }) => message === `it was ${size} bytes`)
    })

    http1Test('LIFE-1 a script that answers early and reads on ends with its client', async () => {
      const socket = await dial(gateway)
      socket.write(
        'POST /cgi-bin/answer-and-read.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf',
      )
      await readUntil(socket, /ok$/)
      const known = await gateway.logged(({ message }) => message.startsWith('early is '))
      socket.resetAndDestroy()
      await untilGone(Number(known.message.slice('early is '.length)))
    })

    http1Test(
      'LIFE-1 a script that reads on after an answer without content ends with its client',
      async () => {
        for (const header of ['Status: 204', 'Status: 304', 'Content-Length: 0', 'X-Closed: 1']) {
          const known = gateway.log.length
          const socket = await dial(gateway)
          socket.write(
            `POST /cgi-bin/answer-and-wait.cgi?${header.replace(' ', '%20')} HTTP/1.1\r\nHost: a\r\n` +
              'Content-Length: 1000\r\n\r\nhalf',
          )
          const early = await gateway.logged(
            (record) =>
              gateway.log.indexOf(record) >= known && record.message.startsWith('waiting is '),
          )
          socket.resetAndDestroy()
          await untilGone(Number(early.message.slice('waiting is '.length)))
        }
      },
    )

    http1Test(
      'LIM-1 bodyTimeout: a script that has closed its output and waits for input',
      async (t) => {
        const own = await startWith(t, { bodyTimeout: 300 })
        const socket = await dial(own)
        t.after(() => socket.destroy())
        socket.write(
          'POST /cgi-bin/answer-and-wait.cgi?X-Closed:%201 HTTP/1.1\r\nHost: a\r\n' +
            'Content-Length: 1000\r\n\r\nhalf',
        )
        const early = await own.logged(({ message }) => message.startsWith('waiting is '))
        await untilGone(Number(early.message.slice('waiting is '.length)))
      },
    )

    http1Test('LIM-1 headersTimeout: 408 where it is the client that is waited for', async (t) => {
      const own = await startWith(t, { headersTimeout: 300, bodyTimeout: 300 })
      for (const framing of [
        'Content-Length: 100\r\n\r\nhalf',
        'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf',
      ]) {
        const script = `/cgi-bin/wait-silently.cgi?${temporaryFile(t)}`
        const request = `POST ${script} HTTP/1.1\r\nHost: a\r\n${framing}`
        assert.match(await exchange(own, request), /^HTTP\/1\.1 408 /)
      }
    })

    test('RES-5, LIFE-1 a script may work on after an answer without content', async (t) => {
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      const answer = await send(gateway, `/cgi-bin/answer-and-work.cgi?${pipe}`)
      assert.equal(answer.status, 204)
      // The next answer comes when the host has seen the end of the first, whatever it makes of it.
      await send(gateway, saying('Status: 200\n\n'))
      await until(() => writeIfRead(pipe), 'the script still reads')
      await gateway.logged(({ message }) => message === 'work is done')
    })

    test('LIFE-1 a script may go on without its client as long as it does something', async (t) => {
      const own = await startWith(t, { killOnDisconnect: false, bodyTimeout: 1_000 })
      const file = temporaryFile(t)
      const [response] = await pidsOf(own, `/cgi-bin/write-on.cgi?${file}`)
      response.destroy()
      await pidsIn(file)
    })

    test('LIFE-1, RES-5 a script that writes on where nobody listens is stopped', async (t) => {
      const own = await startWith(t, { bodyTimeout: 300, maxProcesses: 1 })
      // More than anybody hears, for ever; with one slot, each must end for the next to begin.
      await send(own, '/cgi-bin/endless.cgi', { method: 'HEAD' })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      response.destroy()
      await untilGone(...pids)
      await send(own, '/cgi-bin/wait.cgi', { method: 'HEAD' })
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
      await own.logged(({ message }) => message === 'the script did not end well')
    })

    test('LIFE-1 kills what does not stop when asked to', async (t) => {
      const own = await startWith(t, { killTimeout: 100 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/ignore-term.cgi')
      response.destroy()
      await untilGone(...pids)
    })

    test('LIFE-1 lets a script finish without its client if told to', async (t) => {
      const own = await startWith(t, { killOnDisconnect: false, requestTimeout: 30_000 })
      const file = temporaryFile(t)
      writeFileSync(file, '')
      const [response, pids] = await pidsOf(own, `/cgi-bin/close-output.cgi?${file}`)
      response.destroy()
      await closed(response)
      assert.ok(pids.every(isRunning))
      rmSync(file)
      await untilGone(...pids)
    })

    test('LIFE-2 the response ends when the output does', async (t) => {
      const file = temporaryFile(t)
      writeFileSync(file, '')
      const answer = await send(gateway, `/cgi-bin/close-output.cgi?${file}`)
      const pid = Number(answer.text)
      assert.ok(isRunning(pid), 'the script goes on')
      rmSync(file)
      await untilGone(pid)
    })

    test('LIFE-2 does not wait for ever for a child that holds the output open', async (t) => {
      const answer = await send(gateway, '/cgi-bin/leave-child.cgi')
      const child = Number(answer.text)
      t.after(() => process.kill(child))
      assert.ok(isRunning(child), 'the child goes on')
    })

    test('LIFE-3 answers 500 where a script cannot start, and logs why', async () => {
      for (const [script, errno] of [
        ['no-interpreter.cgi', 'ENOENT'],
        ['no-format.cgi', 'ENOEXEC'],
      ] as const) {
        const answer = await send(gateway, `/cgi-bin/${script}`)
        assert.equal(answer.status, 500)
        assert.ok(!answer.text.includes(CGI_BIN) && !answer.text.includes(errno))
        const record = await gateway.logged(({ reason }) => String(reason).includes(script))
        assert.match(String(record['reason']), new RegExp(`^${errno}: `))
        assert.equal(record['script'], path.join(CGI_BIN, script))
      }
    })

    test('LIFE-3 answers 500 where the interpreter of a script may not be run', async (t) => {
      const root = path.dirname(temporaryFile(t))
      writeFileSync(path.join(root, 'interpreter'), '#!/bin/sh\n')
      chmodSync(path.join(root, 'interpreter'), 0o644)
      writeFileSync(path.join(root, 'a.cgi'), `#!${root}/interpreter\n`, { mode: 0o755 })
      const own = await adapter.start({ options: { root } })
      t.after(() => own.close())
      assert.equal((await send(own, '/cgi-bin/a.cgi')).status, 500)
      await own.logged(({ reason }) => String(reason).startsWith('EACCES: '))
    })

    test('LIM-1 headersTimeout: 504, and the script is stopped', async (t) => {
      const own = await startWith(t, { headersTimeout: 300 })
      const file = temporaryFile(t)
      const answer = await send(own, `/cgi-bin/wait-silently.cgi?${file}`)
      assert.equal(answer.status, 504)
      await untilGone(...(await pidsIn(file)))
      await own.logged(({ code }) => code === 'CGI_ERR_HEADERS_TIMEOUT')
    })

    test('LIM-1 bodyTimeout: the connection is destroyed, and the script stopped', async (t) => {
      const own = await startWith(t, { bodyTimeout: 300 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      await closed(response)
      assert.equal(response.readableEnded, false)
      await untilGone(...pids)
    })

    test('LIM-1 requestTimeout: 504 or destroyed, by whether the header is out', async (t) => {
      const own = await startWith(t, { requestTimeout: 300 })
      const file = temporaryFile(t)
      assert.equal((await send(own, `/cgi-bin/wait-silently.cgi?${file}`)).status, 504)
      await untilGone(...(await pidsIn(file)))
      await assert.rejects(send(own, '/cgi-bin/endless.cgi'))
    })

    test('LIM-1 0 turns a time-out off', async (t) => {
      const options = { headersTimeout: 0, bodyTimeout: 0, requestTimeout: 0 }
      const own = await startWith(t, options)
      assert.equal((await send(own, saying('Status: 200\n\nbody', true))).text, 'body')
    })

    test('LIM-2 queues what is too much, and turns away what the queue does not hold', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 2 })
      const file = temporaryFile(t)
      execFileSync('mkfifo', [file])
      const holding = await open(own, `/cgi-bin/header-only.cgi?${file}`)
      const queued = [1, 2].map(() => send(own, saying('Status: 200\n\n')))
      // Whoever comes when both are waiting is turned away; to begin with, one of these may be it.
      const third = await Promise.race([...queued, send(own, saying('Status: 200\n\n'))])
      assert.equal(third.status, 503)
      assert.deepEqual(third.all('retry-after'), ['1'])
      writeFileSync(file, '\n')
      assert.equal((await receive(holding)).text, 'body')
      const statuses = (await Promise.all(queued)).map(({ status }) => status)
      assert.ok(statuses.includes(200))
    })

    test('LIM-2 a body that is received first has a place in the queue, and no slot', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 1 })
      const bodies = [1, 2].map(() => new PassThrough())
      const uploads = bodies.map((body) => {
        return send(own, '/cgi-bin/echo.cgi', { method: 'POST', body })
      })
      for (const body of bodies) body.write('begun ')
      await until(() => own.stats().queued === 2, 'both have a place')
      const third = new PassThrough()
      third.end('whole')
      const refused = await send(own, '/cgi-bin/echo.cgi', { method: 'POST', body: third })
      assert.equal(refused.status, 503)
      // Neither has the slot: whoever is ready is not kept waiting.
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
      for (const body of bodies) body.end('and ended')
      for (const answer of await Promise.all(uploads)) {
        assert.match(answer.text, /begun and ended/)
      }
      assert.equal(own.stats().queued, 0)
    })

    test('LIM-2 the place is free when a client leaves in the middle of its body', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 0 })
      const client = new AbortController()
      const body = new PassThrough()
      const { signal } = client
      const left = send(own, '/cgi-bin/echo.cgi', { method: 'POST', body, signal })
      body.write('begun')
      await until(() => own.stats().queued === 1, 'it has a place')
      client.abort()
      await assert.rejects(left)
      await until(() => own.stats().queued === 0, 'the place is free')
      assert.equal(own.stats().abandoned, 1)
    })

    test('LIM-2 waits in the queue no longer than queueTimeout', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, queueTimeout: 200 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      const answer = await send(own, saying('Status: 200\n\n'))
      assert.equal(answer.status, 503)
      response.destroy()
      await untilGone(...pids)
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
    })

    http1Test('LIM-2 a client that leaves the queue leaves a place in it', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 1 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      const socket = await dial(own)
      socket.write(`GET ${saying('Status: 200\n\n')} HTTP/1.1\r\nHost: a\r\n\r\n`)
      // One of two that come now is turned away at once: there is one place, or none.
      const asked = [1, 2].map(() => send(own, saying('Status: 200\n\n')))
      assert.equal((await Promise.race(asked)).status, 503)
      socket.resetAndDestroy()
      response.destroy()
      await untilGone(...pids)
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
      await Promise.all(asked)
    })

    test('LOG-1 logs standard error line by line, with script and pid', async () => {
      const answer = await send(gateway, '/cgi-bin/errors.cgi')
      assert.equal(answer.text, 'answered\n')
      const first = await gateway.logged(({ message }) => message === 'first line')
      const second = await gateway.logged(({ message }) => message === 'second line')
      assert.equal(first['script'], path.join(CGI_BIN, 'errors.cgi'))
      assert.equal(typeof first['scriptPid'], 'number')
      assert.equal(second['scriptPid'], first['scriptPid'])
    })

    test('LOG-1 bounds a flood of standard error, and counts what it drops', async () => {
      const answer = await send(gateway, '/cgi-bin/flood-errors.cgi')
      assert.equal(answer.text, 'answered\n')
      const record = await gateway.logged((each) => 'droppedBytes' in each)
      assert.ok(Number(record['droppedBytes']) > 0)
      const lines = gateway.log.filter(({ message }) => message.startsWith('eeee'))
      assert.ok(lines.length > 0 && lines.length < 2_000, `${lines.length} lines`)
      await gateway.logged(({ message }) => message === 'the reason of the flood')
    })

    test('Errors show a client nothing of the host', async () => {
      const urls = [
        '/cgi-bin/%00',
        '/cgi-bin/not-executable.txt',
        '/cgi-bin/no-interpreter.cgi',
        '/cgi-bin/kill-itself-early.cgi',
        saying('Bad Name: secret\n\n'),
      ]
      for (const url of urls) {
        const { text } = await send(gateway, url)
        assert.ok(!text.includes(CGI_BIN) && !/secret|\.js|node_modules|\bat /.test(text), text)
      }
    })

    test('LIFE-4 close() lets a script finish, and starts no other', async (t) => {
      const own = await startWith(t, { maxProcesses: 1 })
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      const response = await open(own, `/cgi-bin/event.cgi?${pipe}`)
      const queued = send(own, saying('Status: 200\n\n'))
      await until(() => own.stats().queued === 1, 'one waits for a slot')
      const down = own.shutDown()
      assert.equal((await queued).status, 503)
      writeFileSync(pipe, '\n')
      assert.equal((await receive(response)).text, 'data: first\n\ndata: second\n\n')
      await until(() => own.stats().running === 0, 'nothing runs any more')
      await own.close()
      await down
    })

    http1Test('LIFE-4 a request on a connection that is there already hears 503', async (t) => {
      const own = await startWith(t, {})
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      const socket = await dial(own)
      t.after(() => socket.destroy())
      socket.write(`GET /cgi-bin/event.cgi?${pipe} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await readUntil(socket, /data: first/)
      const down = own.shutDown()
      socket.write(`GET ${saying('Status: 200\n\n')} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const rest = readUntil(socket, /HTTP\/1\.1 503/)
      writeFileSync(pipe, '\n')
      assert.match(await rest, /data: second/)
      socket.destroy()
      await down
    })

    test('LIFE-4 close() stops what does not end by itself', async (t) => {
      const own = await adapter.start({ options: { root: CGI_BIN, closeTimeout: 100 } })
      t.after(() => own.close())
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      await own.close()
      await closed(response)
      await untilGone(...pids)
    })
  })
}

/** Writes a line to a named pipe, if somebody reads it. */
function writeIfRead(pipe: string): boolean {
  try {
    const descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(descriptor, '\n')
    closeSync(descriptor)
    return true
  } catch {
    return false
  }
}

/** The end of a stream, whichever it is; an error is one, too. */
function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve()
    else stream.once('close', () => resolve())
  })
}
