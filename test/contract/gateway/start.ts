import type { CgiOptions } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  open as openFile,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { Readable } from 'node:stream'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { open, send } from '../../support/client.js'
import { descriptorsOf, processesWith, until } from '../../support/processes.js'

/** As many threads as libuv has, and none that is busy with something of its own. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE']) || 4

const SCRIPTS = {
  'quick.cgi': `printf 'Content-Type: text/plain\\n\\nquick'`,
  'note.cgi': `echo started >> "$QUERY_STRING"; exec sleep 1000`,
  'file.cgi': `read told < "$QUERY_STRING"; printf 'X-Sendfile: %s\\n\\n' "$0"`,
}

/** Starts that hang: what they wait for is not there, or is the application's. */
export function startSuite(t: Test, adapter: Adapter): void {
  void t.test(`LIFE-7 (${adapter.name})`, async (t) => {
    function createFolder(t: Test): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      for (const [name, lines] of Object.entries(SCRIPTS)) {
        writeFileSync(path.join(folder, name), `#!/bin/sh\n${lines}\n`)
        chmodSync(path.join(folder, name), 0o755)
      }
      return folder
    }

    async function start(t: Test, options: CgiOptions<never> = {}): Promise<RunningGateway> {
      const gateway = await adapter.start({ options: { root: createFolder(t), ...options } })
      t.after(() => gateway.close())
      return gateway
    }

    function createPipe(t: Test): string {
      const pipe = path.join(createFolder(t), 'pipe')
      execFileSync('mkfifo', [pipe])
      return pipe
    }

    /** Opens a pipe for writing as soon as it has a reader. */
    async function openWriter(pipe: string): Promise<number> {
      let writer = -1
      await until(() => {
        try {
          writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
          return true
        } catch {
          // ENXIO: there is no reader yet.
          return false
        }
      }, 'the pipe has a reader')
      return writer
    }

    /** Has all threads of libuv sleep, as on a mount that does not answer. Returns what wakes them. */
    function takeThreads(t: Test): () => Promise<void> {
      // Not a folder of createFolder(): that is gone before the threads are woken.
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      const pipe = path.join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      const opened = Array.from({ length: THREADS }, () => {
        return new Promise<void>((resolve) => {
          openFile(pipe, 'r', (_error, descriptor) => {
            closeSync(descriptor)
            resolve()
          })
        })
      })
      let waking: Promise<void> | undefined
      const wake = async (): Promise<void> => {
        const writer = await openWriter(pipe)
        await Promise.all(opened)
        closeSync(writer)
        rmSync(folder, { recursive: true })
      }
      const wakeOnce = (): Promise<void> => (waking ??= wake())
      t.after(wakeOnce)
      return wakeOnce
    }

    const pipes = (): number =>
      descriptorsOf(process.pid).filter((each) => each.startsWith('pipe:')).length

    for (const limit of ['headersTimeout', 'requestTimeout'] as const) {
      void t.test(
        `LIFE-7 a start that hangs is a 504 after ${limit}, and leaves nothing`,
        async (t) => {
          const token = randomUUID()
          const gateway = await start(t, { [limit]: 600, maxProcesses: 20, env: { TOKEN: token } })
          assert.equal((await send(gateway, '/cgi-bin/quick.cgi')).text, 'quick')
          const before = pipes()
          const note = path.join(createFolder(t), 'note')
          writeFileSync(note, '')
          const wake = takeThreads(t)
          const answers = await Promise.all(
            Array.from({ length: 20 }, () => send(gateway, `/cgi-bin/note.cgi?${note}`)),
          )
          assert.deepEqual([...new Set(answers.map(({ status }) => status))], [504])
          const { running, queued } = gateway.stats()
          assert.deepEqual({ running, queued }, { running: 0, queued: 0 })
          await wake()
          assert.equal((await send(gateway, '/cgi-bin/quick.cgi')).text, 'quick')
          await until(() => processesWith(token).length === 0, 'what has started late has ended')
          await until(() => pipes() <= before, 'its pipes are closed')
          // No more than were on their way already: what had only waited was not started at all.
          assert.ok(readFileSync(note, 'utf8').split('\n').length - 1 < THREADS)
        },
      )
    }

    void t.test(
      'LIFE-7 the slot of a start that hangs is free when its client leaves',
      async (t) => {
        const gateway = await start(t, { headersTimeout: 0, maxProcesses: 1 })
        takeThreads(t)
        const client = new AbortController()
        const left = open(gateway, '/cgi-bin/quick.cgi', { signal: client.signal })
        await until(() => gateway.stats().running === 1, 'the script has a slot')
        client.abort()
        await assert.rejects(left)
        await until(() => gateway.stats().running === 0, 'the slot is free')
        assert.equal(gateway.stats().abandoned, 1)
      },
    )

    void t.test('LIFE-7 LIFE-4 close() does not wait for a start that hangs', async (t) => {
      const gateway = await start(t, { headersTimeout: 0, closeTimeout: 200, maxProcesses: 1 })
      takeThreads(t)
      const [first, second] = [1, 2].map(() => send(gateway, '/cgi-bin/quick.cgi'))
      await until(() => gateway.stats().queued === 1, 'one has the slot, and one waits')
      await gateway.shutDown()
      assert.equal((await first)?.status, 503)
      assert.equal((await second)?.status, 503)
    })

    void t.test('LIFE-7 a body that cannot be stored is a 504 after headersTimeout', async (t) => {
      const gateway = await start(t, { headersTimeout: 200 })
      takeThreads(t)
      const body = Readable.from([Buffer.alloc(100_000)])
      const answer = await send(gateway, '/cgi-bin/quick.cgi', { method: 'POST', body })
      assert.equal(answer.status, 504)
      assert.equal(gateway.stats().queued, 0)
    })

    void t.test('LIFE-7 so is a file that a script names and that cannot be opened', async (t) => {
      const root = createFolder(t)
      const gateway = await start(t, { root, sendfileRoots: [root], headersTimeout: 1_000 })
      const pipe = createPipe(t)
      const answering = send(gateway, `/cgi-bin/file.cgi?${pipe}`)
      // The script has started: now there are no threads left.
      const writer = await openWriter(pipe)
      takeThreads(t)
      writeSync(writer, '\n')
      closeSync(writer)
      assert.equal((await answering).status, 504)
      assert.equal(gateway.stats().running, 0)
    })

    void t.test('LIFE-7 MAP-8 so is a file beside scripts that cannot be opened', async (t) => {
      const root = createFolder(t)
      writeFileSync(path.join(root, 'page.html'), 'page')
      const gateway = await start(t, { root, otherFiles: 'send', headersTimeout: 200 })
      const wake = takeThreads(t)
      assert.equal((await send(gateway, '/cgi-bin/page.html')).status, 504)
      await wake()
      assert.equal((await send(gateway, '/cgi-bin/page.html')).text, 'page')
      const isOpen = (): boolean =>
        descriptorsOf(process.pid).some((each) => each.endsWith('/page.html'))
      await until(() => !isOpen(), 'what was opened late is closed')
    })

    for (const option of ['authenticate', 'env'] as const) {
      void t.test(`LIFE-7 \`${option}\` that never comes to an end is a 504`, async (t) => {
        const never = (): Promise<never> => new Promise(() => {})
        const gateway = await start(t, { [option]: never, headersTimeout: 200 })
        assert.equal((await send(gateway, '/cgi-bin/quick.cgi')).status, 504)
        const record = await gateway.logged(({ code }) => code === 'CGI_ERR_HEADERS_TIMEOUT')
        assert.match(String(record['reason']), /`authenticate` or `env`/)
      })
    }
  })
}
