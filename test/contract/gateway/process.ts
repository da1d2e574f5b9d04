import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { leave, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { isRunning, until, untilGone } from '../../support/processes.js'
import { closed, pidsIn, pidsOf } from '../script-pids.js'
import { temporaryFile } from '../temporary-file.js'

/** The life of a script's process from start to end, and its standard error. */
export function processSuite(t: Test, adapter: Adapter): void {
  void t.test(`LIFE, LOG (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN, lingerTimeout: 200 } })
    })
    t.after(() => gateway.close())

    async function startWith(
      t: Test,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, ...options } })
      t.after(() => own.close())
      return own
    }

    void t.test(
      'LIFE-1, BODY-3 a script that answers early and reads on has all of its input',
      async () => {
        const size = 40_000_000
        const body = Buffer.alloc(size, 'x')
        const sending = { method: 'POST', body }
        const answer = await send(gateway, '/cgi-bin/answer-and-read.cgi', sending)
        assert.equal(answer.text, 'ok')
        await gateway.logged(({ message }) => message === `it was ${size} bytes`)
      },
    )

    void t.test('RES-5, LIFE-1 a script may work on after an answer without content', async (t) => {
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      const answer = await send(gateway, `/cgi-bin/answer-and-work.cgi?${pipe}`)
      assert.equal(answer.status, 204)
      // The next answer comes when the host has seen the end of the first, whatever it makes of it.
      await send(gateway, saying('Status: 200\n\n'))
      await until(() => writeIfRead(pipe), 'the script still reads')
      await gateway.logged(({ message }) => message === 'work is done')
    })

    void t.test(
      'LIFE-1 a script may go on without its client as long as it does something',
      async (t) => {
        const own = await startWith(t, { killOnDisconnect: false, bodyTimeout: 1_000 })
        const file = temporaryFile(t)
        const [response] = await pidsOf(own, `/cgi-bin/write-on.cgi?${file}`)
        leave(response)
        await pidsIn(file)
      },
    )

    void t.test(
      'LIFE-1, RES-5 stops a script that writes on after its response has ended',
      async (t) => {
        const own = await startWith(t, { bodyTimeout: 300, maxProcesses: 1 })
        // Endless output beyond the Content-Length; with one slot, each script must end for the next to begin.
        await send(own, '/cgi-bin/endless.cgi', { method: 'HEAD' })
        const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
        leave(response)
        await untilGone(...pids)
        await send(own, '/cgi-bin/wait.cgi', { method: 'HEAD' })
        assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
        await own.logged(({ message }) => message === 'the script ended abnormally')
      },
    )

    void t.test('LIFE-1 kills what does not stop when asked to', async (t) => {
      const own = await startWith(t, { killTimeout: 100 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/ignore-term.cgi')
      leave(response)
      await untilGone(...pids)
    })

    void t.test('LIFE-1 lets a script finish without its client if told to', async (t) => {
      const own = await startWith(t, { killOnDisconnect: false, requestTimeout: 30_000 })
      const file = temporaryFile(t)
      writeFileSync(file, '')
      const [response, pids] = await pidsOf(own, `/cgi-bin/close-output.cgi?${file}`)
      leave(response)
      await closed(response)
      assert.ok(pids.every(isRunning))
      rmSync(file)
      await untilGone(...pids)
    })

    void t.test('LIFE-2 the response ends when the output does', async (t) => {
      const file = temporaryFile(t)
      writeFileSync(file, '')
      const answer = await send(gateway, `/cgi-bin/close-output.cgi?${file}`)
      const pid = Number(answer.text)
      assert.ok(isRunning(pid), 'the script goes on')
      rmSync(file)
      await untilGone(pid)
    })

    void t.test(
      'LIFE-2 does not wait for ever for a child that holds the output open',
      async (t) => {
        const answer = await send(gateway, '/cgi-bin/leave-child.cgi')
        const child = Number(answer.text)
        t.after(() => process.kill(child))
        assert.ok(isRunning(child), 'the child goes on')
      },
    )

    void t.test('LIFE-3 answers 500 where a script cannot start, and logs why', async () => {
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

    void t.test(
      'LIFE-3 answers 500 where the interpreter of a script may not be run',
      async (t) => {
        const root = path.dirname(temporaryFile(t))
        writeFileSync(path.join(root, 'interpreter'), '#!/bin/sh\n')
        chmodSync(path.join(root, 'interpreter'), 0o644)
        writeFileSync(path.join(root, 'a.cgi'), `#!${root}/interpreter\n`, { mode: 0o755 })
        const own = await adapter.start({ options: { root } })
        t.after(() => own.close())
        assert.equal((await send(own, '/cgi-bin/a.cgi')).status, 500)
        await own.logged(({ reason }) => String(reason).startsWith('EACCES: '))
      },
    )

    void t.test('LOG-1 logs standard error line by line, with script and pid', async () => {
      const answer = await send(gateway, '/cgi-bin/errors.cgi')
      assert.equal(answer.text, 'answered\n')
      const first = await gateway.logged(({ message }) => message === 'first line')
      const second = await gateway.logged(({ message }) => message === 'second line')
      assert.equal(first['script'], path.join(CGI_BIN, 'errors.cgi'))
      assert.equal(typeof first['scriptPid'], 'number')
      assert.equal(second['scriptPid'], first['scriptPid'])
    })

    void t.test('LOG-1 bounds a flood of standard error, and counts what it drops', async () => {
      const answer = await send(gateway, '/cgi-bin/flood-errors.cgi')
      assert.equal(answer.text, 'answered\n')
      const record = await gateway.logged((each) => 'droppedBytes' in each)
      assert.ok(Number(record['droppedBytes']) > 0)
      const lines = gateway.log.filter(({ message }) => message.startsWith('eeee'))
      assert.ok(lines.length > 0 && lines.length < 2_000, `${lines.length} lines`)
      await gateway.logged(({ message }) => message === 'the reason of the flood')
    })
  })
}

/** Writes a line to a named pipe, if it has a reader. */
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
