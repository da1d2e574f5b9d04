import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { dial, readToEnd, readUntil, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { isRunning, untilGone } from '../../support/processes.js'

/** Clients of HTTP/1.x that close one side of the connection, or both. */
export function halfCloseSuite(t: Test, adapter: Adapter): void {
  void t.test(`LIFE-5 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    function createPipe(t: Test): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const pipe = path.join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      return pipe
    }

    /** The pid of the next script that says it waits. */
    async function waitingScript(): Promise<number> {
      const known = gateway.log.length
      const { message } = await gateway.logged(
        (each) => gateway.log.indexOf(each) >= known && each.message.startsWith('waiting is '),
      )
      return Number(message.slice('waiting is '.length))
    }

    const get = (url: string, version = '1.1'): string =>
      `GET ${url} HTTP/${version}\r\nHost: a\r\n\r\n`

    void t.test(
      'LIFE-5 a client that closes its side with its request has its answer',
      async (t) => {
        for (const version of ['1.0', '1.1']) {
          const pipe = createPipe(t)
          const waiting = waitingScript()
          const socket = await dial(gateway.port)
          socket.end(get(`/cgi-bin/answer-when-told.cgi?${pipe}`, version))
          const answer = readToEnd(socket)
          await waiting
          writeFileSync(pipe, '\n')
          // On a busy machine, the client may have been asked whether it is there.
          assert.match(
            await answer,
            /^(?:HTTP\/1\.1 102 .*\r\n\r\n)*HTTP\/1\.1 200 OK\r\n[^]*answered/,
          )
        }
      },
    )

    void t.test('LIFE-5 so has one that has sent a body', async () => {
      const body = 'x'.repeat(300_000)
      for (const framing of [
        `Content-Length: ${body.length}\r\n\r\n${body}`,
        `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      ]) {
        const socket = await dial(gateway.port)
        socket.end(`POST /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\n${framing}`)
        const answer = await readToEnd(socket)
        assert.equal(answer.match(/x{100,}/g)?.join('').length, body.length)
      }
    })

    void t.test('LIFE-5 and one that has sent several requests', async () => {
      const socket = await dial(gateway.port)
      const urls = [1, 2, 3].map((each) => saying(`X-Each: ${each}\n\n`))
      socket.end(urls.map((url) => get(url)).join(''))
      const answers = await readToEnd(socket)
      assert.deepEqual(
        answers.match(/X-Each: \d/gi)?.map((each) => each.at(-1)),
        ['1', '2', '3'],
        answers,
      )
    })

    void t.test('LIFE-5 one that closes its side in the middle of a body has none', async () => {
      // For Node's parser, which sees an upgrade, the second of these is no error.
      for (const field of ['X-Any: x', 'Connection: upgrade\r\nUpgrade: h2c']) {
        const socket = await dial(gateway.port)
        socket.end(
          `POST /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\n${field}\r\n` +
            'Transfer-Encoding: chunked\r\n\r\n5\r\nhelloPOST / HTTP/1.1\r\n\r\n',
        )
        assert.match(await readToEnd(socket), /^(?:HTTP\/1\.1 400 [^]*)?$/)
      }
    })

    void t.test('LIFE-5 one that closes its side later reads over what it is asked', async (t) => {
      const pipe = createPipe(t)
      const waiting = waitingScript()
      const socket = await dial(gateway.port)
      socket.write(get(`/cgi-bin/answer-when-told.cgi?${pipe}`))
      await waiting
      await delay(LATER)
      const asked = readUntil(socket, /^(?:HTTP\/1\.1 102 Processing\r\n\r\n){2}/)
      socket.end()
      await asked
      const answer = readToEnd(socket)
      writeFileSync(pipe, '\n')
      assert.match(await answer, /^(?:HTTP\/1\.1 102 .*\r\n\r\n)*HTTP\/1\.1 200 OK\r\n[^]*answered/)
    })

    void t.test('LIFE-5 so does one whose request was redirected to another script', async (t) => {
      const pipe = createPipe(t)
      const waiting = waitingScript()
      const socket = await dial(gateway.port)
      socket.write(get(saying(`Location: /cgi-bin/answer-when-told.cgi?${pipe}\n\n`)))
      await waiting
      await delay(LATER)
      const asked = readUntil(socket, /^(?:HTTP\/1\.1 102 Processing\r\n\r\n){2}/)
      socket.end()
      await asked
      const answer = readToEnd(socket)
      writeFileSync(pipe, '\n')
      assert.match(await answer, /HTTP\/1\.1 200 OK\r\n[^]*answered/)
    })

    void t.test(
      'LIFE-5 one whose body took its time, and is not read, waits for its answer',
      async (t) => {
        const pipe = createPipe(t)
        const waiting = waitingScript()
        const socket = await dial(gateway.port)
        socket.write(
          `POST /cgi-bin/answer-when-told.cgi?${pipe} HTTP/1.0\r\nContent-Length: 8\r\n\r\nhalf`,
        )
        await waiting
        await delay(LATER)
        socket.end('half')
        await delay(LATER)
        const answer = readToEnd(socket)
        writeFileSync(pipe, '\n')
        assert.match(await answer, /^HTTP\/1\.1 200 OK\r\n[^]*answered/)
      },
    )

    void t.test('LIFE-5 so does one that closes its side with a later request', async (t) => {
      const pipe = createPipe(t)
      const waiting = waitingScript()
      const socket = await dial(gateway.port)
      const held = `/cgi-bin/answer-when-told.cgi?${pipe}`
      socket.write(`GET ${held} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`)
      await waiting
      await delay(LATER)
      const answer = readToEnd(socket)
      // It has an answer, too, if that before has a Content-Length: where all of it was there with its header.
      socket.end(get(saying('X-Each: 2\n\n'), '1.0'))
      await delay(LATER)
      writeFileSync(pipe, '\n')
      assert.match(
        await answer,
        /^HTTP\/1\.1 200 OK\r\n[^]*?answered(?:HTTP\/1\.1 200 OK\r\nx-each: 2\r\n[^]*\r\n\r\n)?$/,
      )
    })

    void t.test('LIFE-5 so does one in the middle of a stream', async (t) => {
      const pipe = createPipe(t)
      const socket = await dial(gateway.port)
      socket.write(get(`/cgi-bin/event.cgi?${pipe}`))
      await readUntil(socket, /data: first\n\n\r\n$/)
      await delay(LATER)
      const asked = readUntil(socket, /^00/)
      socket.end()
      await asked
      const rest = readToEnd(socket)
      writeFileSync(pipe, '\n')
      assert.match(await rest, /^0*e\r\ndata: second\n\n\r\n0\r\n\r\n$/)
    })

    void t.test('LIFE-5, LIFE-1 a client that has gone without a word is found out', async (t) => {
      for (const [script, version, output] of [
        ['answer-when-told.cgi', '1.1', undefined],
        ['answer-when-told.cgi', '1.0', undefined],
        ['nph-wait.cgi', '1.1', /waiting(?:\r\n)?$/],
        ['stream-until-told.cgi', '1.1', /waiting(?:\r\n)?$/],
        ['stream-until-told.cgi', '1.0', /waiting(?:\r\n)?$/],
      ] as const) {
        const waiting = waitingScript()
        const socket = await dial(gateway.port)
        socket.write(get(`/cgi-bin/${script}?${createPipe(t)}`, version))
        if (output !== undefined) await readUntil(socket, output)
        const pid = await waiting
        await delay(LATER)
        assert.ok(isRunning(pid))
        // Everything that came has been read: this is no reset.
        socket.destroy()
        await untilGone(pid)
      }
    })

    void t.test(
      'LIFE-5, LIFE-1 so is one that has gone at once, which looks like one that waits',
      async (t) => {
        const waiting = waitingScript()
        const socket = await dial(gateway.port)
        socket.write(get(`/cgi-bin/answer-when-told.cgi?${createPipe(t)}`), () => socket.destroy())
        await untilGone(await waiting)
      },
    )

    void t.test('LIFE-5, LIM-2 one that has left the queue is not waited for', async (t) => {
      const own = await adapter.start({ options: { root: CGI_BIN, maxProcesses: 1, maxQueue: 1 } })
      t.after(() => own.close())
      const pipe = createPipe(t)
      const holding = send(own.port, `/cgi-bin/answer-when-told.cgi?${pipe}`)
      await own.logged(({ message }) => message.startsWith('waiting is '))
      const socket = await dial(own.port)
      socket.write(get(saying('Status: 200\n\n')))
      await delay(LATER)
      assert.equal((await send(own.port, saying('Status: 200\n\n'))).status, 503)
      socket.destroy()
      await delay(LATER)
      const next = send(own.port, saying('Status: 200\n\n'))
      await delay(LATER)
      writeFileSync(pipe, '\n')
      assert.equal((await holding).status, 200)
      assert.equal((await next).status, 200)
    })
  })
}

/** Longer than the time in which a half-close after the request counts as meant. */
const LATER = 200
